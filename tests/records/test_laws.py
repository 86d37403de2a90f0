"""Laws of the codec, for any record, any content and any text."""

import json
from dataclasses import replace

import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry.documents import reader
from registry.errors import InvalidRecordsError, RegistryError
from registry.records.codec import decode, encode
from registry.records.conversion import convert
from registry.records.model import Credentials, Endpoint, Extension, SecretRef, Service
from registry.records.texts import decode_text, documents
from tests.records.texts import extension_of
from webhook.objects import manifests

words = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=20)
names = words.filter(lambda text: text not in reader.NULLS)
some_names = st.lists(names.filter(bool), unique=True, min_size=1, max_size=2).map(tuple)
ids = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,9}", fullmatch=True).filter(lambda text: text not in reader.NULLS)
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
keys = st.from_regex(r"[A-Z_][A-Z0-9]{0,4}_X", fullmatch=True) | words.filter(lambda text: text and "=" not in text)
keys = keys.filter(lambda name: not reader.NULLS & {name} and name not in ("LD_X", "GIT_X", "SSH_X", "JDK_X"))
configurations = st.dictionaries(keys, values, max_size=3)
prose = st.text(st.characters(exclude_categories=["Cs"]), max_size=50).filter(lambda text: text not in reader.NULLS)
endpoints = st.builds(
    Endpoint,
    url=words.filter(lambda text: text not in reader.NULLS),
    type=st.sampled_from(["internal", "external"]),
    configuration=configurations,
)
logins = st.one_of(
    st.builds(Credentials, id=ids, default=st.booleans(), configuration=configurations),
    st.builds(Credentials, id=ids, scope=st.just("project"), projects=some_names, configuration=configurations),
    st.builds(Credentials, id=ids, scope=st.just("user"), users=some_names, projects=some_names | st.just(())),
    st.builds(
        Credentials,
        id=ids,
        secret_ref=st.builds(SecretRef, name=st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,9}[a-z0-9])?", fullmatch=True)),
        configuration=st.dictionaries(
            keys, st.from_regex(r"[A-Za-z0-9._-]{1,9}", fullmatch=True), min_size=1, max_size=2
        ),
    ),
)
services = st.builds(
    Service,
    id=ids,
    resource=names,
    category=names,
    description=prose,
    auth_required=st.booleans(),
    default=st.booleans(),
    configuration=configurations,
    endpoints=st.lists(endpoints, max_size=2, unique_by=lambda e: e.url).map(tuple),
    credentials=st.lists(logins, max_size=2, unique_by=lambda c: c.id).map(tuple),
)
extensions = st.builds(
    Extension,
    id=ids,
    product=names,
    version=names,
    zone=names,
    description=prose,
    configuration=configurations,
    services=st.lists(services, max_size=2, unique_by=lambda s: s.id).map(tuple),
)


@given(extensions)
def test_what_is_encoded_is_decoded_to_the_same(extension):
    plain = encode(extension)

    assert decode(plain) == extension
    assert extension_of(yaml.safe_dump(plain, sort_keys=False)) == extension
    assert extension_of(json.dumps(plain)) == extension
    assert encode(decode(plain)) == plain


@given(extensions)
def test_repr_of_any_record_is_the_same_whatever_its_credentials_hold(extension):
    plain = encode(extension)
    for service_ in plain.get("services", []):
        for login in service_.get("credentials", []):
            login["configuration"] = dict.fromkeys(login.get("configuration", {"A": ""}), "CANARY")

    assert repr(decode(plain)) == repr(extension)


FIELDS = [
    *(
        "id",
        "product",
        "version",
        "zone",
        "description",
        "configuration",
        "services",
        "resource",
        "category",
        "default",
    ),
    *("auth_required", "authrequired", "endpoints", "credentials", "url", "type", "scope", "projects", "users"),
    *("secretRef", "name"),
]
anything = st.recursive(
    st.text(max_size=5) | st.integers() | st.floats() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner),
    max_leaves=15,
)


@given(anything)
def test_any_content_is_decoded_or_refused(content):
    try:
        extension = decode(content)
    except RegistryError as e:
        assert isinstance(e, InvalidRecordsError)
        assert e.problems
    else:
        assert decode(encode(extension)) == extension


@given(st.text() | st.text("\t\n -:?[]{}#&*!|>'\"%@,<ids1~"))
def test_any_text_is_decoded_or_has_problems(text):
    found, problems = decode_text(text, "r.yaml")

    assert all(isinstance(extension, Extension) for extension, _ in found)
    assert all(str(problem).startswith("r.yaml") and "\n" not in str(problem) for problem in problems)


@given(extensions.filter(lambda e: all(c.secret_ref for s in e.services for c in s.credentials)), st.booleans())
def test_what_is_converted_there_and_back_is_the_same(extension, is_json):
    extension = replace(extension, id=extension.id.lower().replace("_", "0").strip("-"))
    plain = encode(extension)
    text = json.dumps(plain) if is_json else yaml.dump(plain, Dumper=Unquoted, sort_keys=False)

    (there,) = converted(text, "extension")
    (back,) = converted(there, "record")

    assert extension_of(text) == extension
    assert extension_of(there) == extension_of(back) == extension
    for scalar in kubectl_scalars(there):
        assert isinstance(scalar, (str, bool))


def converted(text, to):
    (document,) = documents(text)
    return [found.text for found in convert(document, text, to=to, dump=manifests.dump)]


class Unquoted(yaml.SafeDumper):
    """Writes what looks like a number or a boolean without quotes, as people do in records."""


Unquoted.yaml_implicit_resolvers = {}


def kubectl_scalars(text):
    def below(value):
        if isinstance(value, dict):
            yield from value
            for item in value.values():
                yield from below(item)
        elif isinstance(value, list):
            for item in value:
                yield from below(item)
        else:
            yield value

    for document in manifests.load(text):
        yield from below(document.content)
