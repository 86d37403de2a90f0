"""Each part of the policy on namespaces is needed: without it, or if it always holds, an attempt ends differently.

All variants of the policy are in force at the same time, each for namespaces of its own.
"""

import pytest

from tests.e2e.policies.attempts_on_namespaces import build, rows
from tests.e2e.policies.installation import confined, documents, install
from tests.e2e.policies.mutants import mutants
from tests.e2e.policies.outcomes import send, wrong

POLICY, _ = documents("policy-namespaces.yaml")
VARIANTS = {"unchanged": POLICY, **{str(mutant): mutant.policy for mutant in mutants(POLICY)}}
WORLDS = {name: f"n{i}" for i, name in enumerate(VARIANTS)}


@pytest.fixture(scope="module")
def installed(admin):
    for world in WORLDS.values():
        build(admin, world)
    variants = [confined(policy, WORLDS[name], "objectSelector", {}) for name, policy in VARIANTS.items()]
    install(admin, variants, ["Deny"])


@pytest.mark.parametrize("name", VARIANTS)
def test_an_attempt_ends_differently(admin, installed, name):
    found = any(wrong(row, send(admin, row, dry_run=True)) for row in rows(WORLDS[name]))

    assert found != (name == "unchanged")
