"""Each part of the policy on Extensions is needed: without it, or if it always holds, a warning is missing or too many.

All variants of the policy are in force at the same time, each in a namespace of its own.
"""

import pytest

from tests.e2e.policies.extensions_to_register import SPECS
from tests.e2e.policies.installation import WORLD, confined, documents, install, post
from tests.e2e.policies.mutants import mutants
from tests.e2e.policies.registration import register, warnings

POLICY, BINDING = documents("policy-extensions.yaml")
# Empty, this setting makes no difference.
next(variable for variable in POLICY["spec"]["variables"] if variable["name"] == "allowed")["expression"] = (
    "['CLASSPATH']"
)
EXTENSIONS = [*SPECS.values(), ({"configuration": {"CLASSPATH": "x"}}, [])]
VARIANTS = {"unchanged": POLICY, **{str(mutant): mutant.policy for mutant in mutants(POLICY)}}
WORLDS = {name: f"r{i}" for i, name in enumerate(VARIANTS)}
SAME = {
    "unchanged",
    # It only saves the cost of the comparison after it.
    "variables.long: values[name].size() > 8192 -> true",
}


@pytest.fixture(scope="module")
def installed(admin, extensions):
    for world in WORLDS.values():
        post(admin, "/api/v1/namespaces", {"metadata": {"name": world, "labels": {WORLD: world}}})
    variants = [confined(policy, WORLDS[name], "namespaceSelector", {}) for name, policy in VARIANTS.items()]
    install(admin, variants, BINDING["spec"]["validationActions"])


@pytest.mark.parametrize("name", VARIANTS)
def test_a_warning_is_missing_or_too_many(admin, installed, name):
    def differs(spec, expected):
        found = warnings(register(admin, WORLDS[name], spec))
        return len(found) != len(expected) or not all(any(text in warning for warning in found) for text in expected)

    assert any(differs(spec, expected) for spec, expected in EXTENSIONS) != (name in SAME)
