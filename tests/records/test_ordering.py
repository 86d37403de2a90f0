"""A record can be written in the order of another one."""

from hypothesis import given
from hypothesis import strategies as st

from registry.records import codec
from registry.records.ordering import ordered_as

PAIRS = st.dictionaries(st.sampled_from("ABCD"), st.sampled_from("xy"))


@st.composite
def records(draw):
    parts = {"configuration": draw(PAIRS)}
    endpoints = [{"url": url, "configuration": draw(PAIRS)} for url in draw(st.sets(st.sampled_from("uv")))]
    logins = [{"id": i, "configuration": draw(PAIRS)} for i in draw(st.sets(st.sampled_from("cd")))]
    services = [{"id": draw(st.sampled_from("st")), **parts, "endpoints": endpoints, "credentials": logins}]
    return codec.decode({"id": "a", "configuration": draw(PAIRS), "services": services})


def configurations(record):
    yield (), record.configuration
    for service in record.services:
        yield service.id, service.configuration
        yield from (((service.id, e.url), e.configuration) for e in service.endpoints)
        yield from (((service.id, "c", c.id), c.configuration) for c in service.credentials)


@given(records(), records())
def test_entries_stand_in_the_order_of_the_model_and_are_the_same(record, model):
    ordered = ordered_as(record, model)

    assert ordered == record
    known = dict(configurations(model))
    for place, entries in configurations(ordered):
        common = [name for name in entries if name in known.get(place, {})]
        assert common == [name for name in known.get(place, {}) if name in entries]
        assert list(entries)[: len(common)] == common
