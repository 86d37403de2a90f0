"""Requests of all kinds, made from the OpenAPI document of a service that keeps its records in a cluster."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import ignored_auth

from registry.service import openapi
from tests.e2e.registry.people import EXTENSION, VALUE

# No JSON schema says that ids differ, that a scope fits its lists, or what an object of Kubernetes may hold.
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "400", "401", "403", "404", "409", "412"]},
    "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "413"]},
}
CONFIG = schemathesis.Config.from_dict({"checks": CHECKS, "phases": {"coverage": {"enabled": False}}})
# As the service has it, which is not running while tests are collected.
DOCUMENT = openapi.document(version="0", needs_token=True)
schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
FEW, MANY = 5, 100
_tokens = {}


@pytest.fixture
def token_of(token):
    """Gives a token of a person; the same for all requests, as there are many."""
    return lambda name: _tokens.get(name) or _tokens.setdefault(name, token(name))


@pytest.fixture(autouse=True)
def filled(service, token_of, empty):
    """A record whose parts are found by some requests."""
    assert service.ask("POST", "/extensions", token_of("keeper"), EXTENSION).status == 201


def with_examples(count):
    phases = [Phase.explicit, Phase.generate]
    return settings(
        max_examples=count, phases=phases, suppress_health_check=list(HealthCheck), deadline=None, derandomize=True
    )


def check(case, service, token):
    # The token that is sent is known, so the answers do not tell whether it is asked for: test_people.py tries that.
    response = case.call_and_validate(
        base_url=service.url, headers={"Authorization": f"Bearer {token}"}, excluded_checks=[ignored_auth]
    )

    assert VALUE not in response.text + str(response.headers)
    return response


def test_document_is_the_one_that_is_served(service):
    served = service.ask("GET", "/openapi.json").json()

    assert served["paths"] == DOCUMENT["paths"]
    assert served["components"] == DOCUMENT["components"]


@schema.parametrize()
@with_examples(FEW)
def test_who_has_the_rights_is_answered_as_the_document_says(case, service, token_of):
    check(case, service, token_of("keeper"))


@schema.parametrize()
@with_examples(FEW)
def test_who_may_only_read_is_answered_so_too(case, service, token_of):
    response = check(case, service, token_of("reader"))

    if case.method not in ("GET", "HEAD"):
        assert response.status_code >= 400


@pytest.mark.full
@schema.parametrize()
@with_examples(MANY)
def test_so_are_many_requests(case, service, token_of):
    check(case, service, token_of("keeper"))


@pytest.mark.full
def test_sequences_of_requests_are_answered_as_the_document_says(service, token_of):
    headers = {"Authorization": f"Bearer {token_of('keeper')}"}

    class WithToken(schema.as_state_machine()):
        def get_call_kwargs(self, case):
            return {"base_url": service.url, "headers": headers}

        def validate_response(self, response, case, **options):
            assert VALUE not in response.text
            super().validate_response(response, case, excluded_checks=[ignored_auth], **options)

    WithToken.run(settings=settings(with_examples(20), stateful_step_count=15))
