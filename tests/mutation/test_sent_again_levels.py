"""What asks at any level, in any place, asks again when the run is sent again."""

from itertools import combinations

import pytest

from registry.records import codec
from registry.resolving.index import Index
from tests.mutation.runs_sent_again import as_engines_store
from tests.mutation.test_levels import INDEX, ME, PRODUCTS, WAYS, applied, asking
from webhook.mutation.mutate import mutate

MOVED = Index(
    codec.decode({"id": product, "product": product, "services": [{"id": "s", "endpoints": [{"url": "http://new"}]}]})
    for product in PRODUCTS
)


def as_stored(obj):
    return obj


@pytest.mark.parametrize("stored_by", [as_stored, as_engines_store])
@pytest.mark.parametrize(("obj", "places"), [(obj, places) for obj, _, places in WAYS.values()], ids=WAYS)
def test_every_level_asks_again(obj, places, stored_by):
    for count in range(1, len(places) + 1):
        for levels in combinations(places, count):
            asked = asking(obj, levels, places)
            stored = stored_by(applied(asked, mutate(asked, INDEX, ME)))

            again = applied(stored, mutate(stored, MOVED, ME))

            new = applied(asked, mutate(asked, MOVED, ME))
            assert as_engines_store(again) == as_engines_store(new), levels
            assert "http://new" in str(again["spec"])
