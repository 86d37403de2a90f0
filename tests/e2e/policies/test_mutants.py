"""The mutants replace what they say."""

import pytest

from tests.e2e.policies.installation import BASE, documents
from tests.e2e.policies.mutants import mutants


def parts(expression):
    policy = {"spec": {"validations": [{"expression": expression}]}}
    return {(mutant.part, mutant.policy["spec"]["validations"][0]["expression"]) for mutant in mutants(policy)
            if mutant.by == "true"}  # fmt: skip


def test_every_operand_on_every_level_is_replaced():
    found = parts("a || f(x, b && !(c || d)) && e in ['&&', 'g']")

    assert found == {
        ("all", "true"),
        ("a", "true || f(x, b && !(c || d)) && e in ['&&', 'g']"),
        ("f(x, b && !(c || d))", "a || true && e in ['&&', 'g']"),
        ("b", "a || f(x, true && !(c || d)) && e in ['&&', 'g']"),
        ("!(c || d)", "a || f(x, b && true) && e in ['&&', 'g']"),
        ("c", "a || f(x, b && !(true || d)) && e in ['&&', 'g']"),
        ("d", "a || f(x, b && !(c || true)) && e in ['&&', 'g']"),
        ("e in ['&&', 'g']", "a || f(x, b && !(c || d)) && true"),
    }


def test_an_expression_without_operators_is_replaced_as_a_whole():
    assert parts("f(a, 'it\\'s || b')") == {("all", "true")}


@pytest.mark.parametrize("file", sorted(path.name for path in BASE.glob("policy-*.yaml")))
def test_no_two_mutants_have_the_same_name(file):
    for document in documents(file):
        names = [str(mutant) for mutant in mutants(document)] if document["kind"].endswith("Policy") else []
        assert len(set(names)) == len(names)
