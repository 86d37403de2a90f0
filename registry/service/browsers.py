"""What a request must not be if a web page of somebody else may have made a browser send it. Pure.

A service on a loopback address trusts whoever reaches it, and so does a browser on the same machine, on behalf of any
page. Such a page can have its own name resolve to 127.0.0.1 (DNS rebinding): then ``Host`` is that name. Or it can send
a request whose answer it cannot read: then browsers send ``Origin`` and ``Sec-Fetch-Site``.
"""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from registry.service.problems import RequestError

# ``none`` is what a person types into the address bar.
_OWN_SITES: Final = ("same-origin", "none")


def check_host(host: str) -> None:
    """Raise a RequestError unless *host*, of a request to a loopback address, is such an address or ``localhost``."""
    if not is_loopback(_name(host)):
        raise RequestError(421, "MisdirectedRequest", "this service is for localhost and 127.0.0.1 only")


def check_origin(host: str, origin: str | None, fetch_site: str | None) -> None:
    """Raise a RequestError if a page of another origin than *host* has a browser send the request.

    Args:
        origin, fetch_site: The headers ``Origin`` and ``Sec-Fetch-Site``; None = not sent.
    """
    is_foreign = fetch_site is not None and fetch_site not in _OWN_SITES
    if origin is not None and _netloc(origin) != host.lower():
        is_foreign = True
    if is_foreign:
        raise RequestError(403, "Forbidden", "pages of other origins must not change the registry")


def is_loopback(name: str) -> bool:
    """True if *name* is ``localhost`` or an address of this machine only."""
    if name.lower().removesuffix(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _netloc(origin: str) -> str:
    """The host and port of an *origin*; "" if it is opaque or none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name(host: str) -> str:
    """*host* without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
