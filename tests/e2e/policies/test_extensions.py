"""A warning names what the CRD accepts and the webhook will ignore; nothing is refused."""

import random
import re

import pytest

from registry.errors import InvalidRecordsError
from registry.records import extension_objects
from registry.records.variables import is_name, steers
from tests.e2e.policies.extensions_to_register import CONTROLS, NAMES, SPECS, credentials, service
from tests.e2e.policies.installation import WORLD, confined, documents, install, post
from tests.e2e.policies.registration import extension, register, warnings

HERE, LENIENT = "records", "lenient"
PARTS = [
    "LD", "DYLD", "JDK", "GIT", "SSH", "KUBERNETES", "PYTHON", "PERL5", "RUBY", "PATH", "BASH", "ENV", "FUNC", "IFS",
    "PS4", "PROMPT", "COMMAND", "SHELLOPTS", "NODE", "OPTIONS", "JAVA", "TOOL", "CLASSPATH", "GCONV", "PROXY", "proxy",
    "Proxy", "CONFIG", "ASKPASS", "_", "_", "_", "_", "X", "x", "1", "%", " ", "-", "ä", "\u017f", "\u212a",
]  # fmt: skip


@pytest.fixture(scope="module")
def policies(admin, extensions):
    """The policy in force in one namespace, and in another one that of an operator who allows two variables."""
    policy, binding = documents("policy-extensions.yaml")
    lenient, _ = documents("policy-extensions.yaml")
    (allowed,) = (variable for variable in lenient["spec"]["variables"] if variable["name"] == "allowed")
    allowed["expression"] = "['HTTP_PROXY', 'PATH']"
    variants = {HERE: policy, LENIENT: lenient}
    for name in variants:
        post(admin, "/api/v1/namespaces", {"metadata": {"name": name, "labels": {WORLD: name}}})
    confine = [confined(variant, name, "namespaceSelector", {}) for name, variant in variants.items()]
    install(admin, confine, binding["spec"]["validationActions"])


def is_ignored(spec):
    """Whether the webhook will ignore the Extension."""
    try:
        extension_objects.decode(extension(spec))
    except InvalidRecordsError:
        return True
    return False


@pytest.mark.parametrize(("spec", "expected"), SPECS.values(), ids=SPECS)
def test_what_the_webhook_will_ignore_is_accepted_with_a_warning(admin, policies, spec, expected):
    answer = register(admin, HERE, spec)

    found = warnings(answer)
    assert answer.status == 201, answer.text
    assert len(found) == len(expected)
    for text in expected:
        assert any(text in warning for warning in found), found
    assert is_ignored(spec) == bool(expected)


def test_an_update_warns_as_well(admin, policies):
    path = f"/apis/fuseml.org/v1alpha1/namespaces/{HERE}/extensions"
    post(admin, path, extension({}, "changed"))

    answer = admin.send(
        "PATCH", f"{path}/changed", {"spec": {"configuration": {"PATH": "x"}}}, "application/merge-patch+json"
    )

    assert answer.status == 200
    assert len(warnings(answer)) == 1


def test_a_warning_names_each_variable_with_its_place_and_what_helps(admin, policies):
    spec = {"configuration": {"PATH": "x"}} | service(
        configuration={"IFS": "x"},
        endpoints=[{"url": "http://a", "configuration": {"LD_A": "x", "OK": "x"}}],
        credentials=[credentials("RUBYLIB")],
    )

    assert warnings(register(admin, HERE, spec)) == [
        "variable 'PATH' (spec), variable 'IFS' (service s3), variable 'LD_A' (endpoint http://a of service s3), "
        "variable 'RUBYLIB' (credentials login of service s3) would control a loader, shell, interpreter or tool, so "
        "the webhook ignores this Extension; rename it, or let the operator of the webhook allow it with "
        "--allow-variable PATH"
    ]
    long = {"configuration": {"TEXT": "ä" * 20000}}
    assert warnings(register(admin, HERE, long)) == [
        "the value of TEXT is longer than 32768 bytes, so the webhook ignores this Extension; shorten it"
    ]


def test_what_the_operator_allows_gets_no_warning(admin, policies):
    names = {"HTTP_PROXY": "x", "PATH": "x", "LD_A": "x"}

    (found,) = warnings(register(admin, LENIENT, {"configuration": names}))

    assert re.findall(r"variable '(.*?)' \(", found) == ["LD_A"]


def names_at_random(seed):
    chosen = random.Random(seed)
    return ["".join(chosen.choices(PARTS, k=chosen.randint(1, 4))) for _ in range(100)]


def levels(names):
    """Extensions with *names* on each level."""
    values = dict.fromkeys(names, "x")
    yield {"configuration": values}
    yield service(configuration=values)
    yield service(endpoints=[{"url": "a", "configuration": values}])
    variables = [name for name in names if is_name(name)]
    for i in range(0, len(variables), 16):
        yield service(credentials=[credentials(configuration=dict.fromkeys(variables[i : i + 16], "key"))])


@pytest.mark.parametrize("names", [NAMES, *(names_at_random(seed) for seed in range(20))], ids=["table", *range(20)])
def test_the_variables_are_those_of_the_registry(admin, policies, names):
    found, expected = set(), {name for name in names if is_name(name) and steers(name)}
    for spec in levels(names):
        answer = register(admin, HERE, spec)
        assert answer.status == 201, answer.text
        here = {name for text in warnings(answer) for name in re.findall(r"variable '(.*?)' \(", text)}
        assert here == {name for name in expected if f"'{name}'" in str(spec)}
        found |= here

    assert found == expected
    assert found or names is not NAMES


def names_and_values(count):
    return {f"VARIABLE_{i}": "x" for i in range(count)}


@pytest.mark.parametrize(("count", "warned"), [(10, True), (128, False)])
def test_a_large_one_is_accepted_if_too_much_would_have_to_be_examined_without_a_warning(
    admin, policies, count, warned
):
    endpoints = [{"url": f"http://{i}", "configuration": names_and_values(count)} for i in range(32)]
    services = [{"id": f"s{i}", "endpoints": endpoints} for i in range(16)]

    answer = register(admin, HERE, {"services": services, "configuration": {"PATH": "x"}})

    assert answer.status == 201, answer.text
    assert [CONTROLS in text for text in warnings(answer)] == [True] * warned
