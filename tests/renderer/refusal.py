"""Refuse an expression, and make sure that the error shows no value."""

import pytest

import renderer
from renderer import ExpressionError

CANARY = "cAnArY-vAlUe"
EXTENSIONS = {
    "store": {"url": CANARY, "product": CANARY, "version": None, "cfg": {"KEY": CANARY, "OTHER": CANARY, "NO": None}},
    "bare": {},
    "many": {"cfg": {f"K{i:02}": CANARY for i in range(20)}},
    "odd": {"cfg": CANARY, "version": 7, "url": {CANARY: CANARY}, "zone": True},
}
FIELDS = (
    "there are cfg, url, product, version, zone, extension_id, service_id, service_resource, "
    "service_category, endpoint_type, credentials_id"
)
FILTERS = "there are default, lower, upper, trim, urlencode, b64encode, tojson, quote, host, port, hostport, scheme"


def refusal(text):
    """The error for *text*, after a search of everything that it could show."""
    with pytest.raises(ExpressionError) as caught:
        renderer.expand(text, EXTENSIONS)
    error = caught.value
    assert CANARY not in f"{error} {error!r} {error.args} {error.__cause__!r} {error.__context__!r}"
    return error
