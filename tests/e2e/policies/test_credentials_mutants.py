"""Each part of the policies on Secrets is needed: without it, or if it always holds, an attempt ends differently.

All variants of the policies are in force at the same time, each in namespaces of its own.
"""

import pytest

from tests.e2e.policies.attempts_on_secrets import rows
from tests.e2e.policies.installation import confined, documents, install
from tests.e2e.policies.mutants import mutants
from tests.e2e.policies.outcomes import send, wrong
from tests.e2e.policies.secrets_world import build, variant

POLICY, GUARD = (document for document in documents("policy-credentials.yaml") if document["kind"].endswith("Policy"))
VARIANTS = {
    "unchanged": (POLICY, GUARD),
    **{str(mutant): (mutant.policy, GUARD) for mutant in mutants(POLICY)},
    **{f"guard {mutant}": (POLICY, mutant.policy) for mutant in mutants(GUARD)},
}
SAME = {
    "unchanged",
    # The controller also has the right that the last part of this condition asks for.
    "validations.1: variables.byController -> false",
}


@pytest.fixture(scope="module")
def worlds(admin):
    worlds = {name: variant(f"s{i}") for i, name in enumerate(VARIANTS)}
    for world in worlds.values():
        build(admin, world)
    install(admin, [
        confined(policy, worlds[name].home, "namespaceSelector", worlds[name].names)
        for name, policies in VARIANTS.items() for policy in policies
    ], ["Deny"])  # fmt: skip
    return worlds


@pytest.mark.parametrize("name", VARIANTS)
def test_an_attempt_ends_differently(admin, worlds, name):
    found = any(wrong(row, send(admin, row, dry_run=True)) for row in rows(worlds[name]))

    assert found != (name in SAME)
