"""What the status of an Extension says, and when its times change."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.delivery.ledger import Lack
from registry.errors import Problem
from registry.records import codec
from webhook.controller.extensions.conditions import (
    LONGEST_MESSAGE,
    DeliveryFacts,
    SourceFacts,
    is_ready,
    ready_condition,
    status_of,
    stops_working,
)

EARLIER, NOW = "2026-11-24T06:30:00Z", datetime(2026, 11, 24, 7, 0, 0, 999, tzinfo=UTC)
PATH = Problem("variable 'PATH' controls a loader, shell, interpreter or tool", ("spec", "configuration", "PATH"))


def login(secret, **configuration):
    return {"id": f"{secret}-{len(configuration)}", "secretRef": {"name": secret}, "configuration": configuration}


def record(*credentials, services=1):
    others = [{"id": f"s{i}"} for i in range(1, services)]
    return codec.decode({"id": "minio", "services": [{"id": "s", "credentials": list(credentials)}, *others]})


def computed(content, *, generation=3, sources=None, delivery=None, now=NOW, before=None):
    return status_of(content, generation=generation, sources=sources, delivery=delivery, now=now, before=before or {})


def conditions(status):
    return [(c["type"], c["status"], c["reason"], c["message"]) for c in status["conditions"]]


def true(of_type):
    return of_type, "True", of_type, ""


LACKS = "Secret 'root' is not there, or lacks the label extensions.fuseml.org/extension=minio"
ROOT = SourceFacts("minio", frozenset({"user", "password"}))

CREDENTIALS = {
    "all there": (record(login("root", USER="user", PASSWORD="password")), {"root": ROOT}, None, ""),
    "no credentials": (record(), {}, None, ""),
    "no Secret": (record(login("root", USER="user")), {}, "SecretMissing", LACKS),
    "no label": (
        record(login("root", USER="user")), {"root": SourceFacts("", frozenset({"user"}))}, "SecretMissing", LACKS,
    ),
    "the label of another extension": (
        record(login("root", USER="user")), {"root": SourceFacts("mlflow", frozenset())}, "SecretMissing", LACKS,
    ),
    "no key": (
        record(login("root", USER="user", PASSWORD="pasword")), {"root": ROOT},
        "KeyMissing", "variable 'PASSWORD': Secret 'root' has no key 'pasword'",
    ),
    "the same twice": (
        record(login("root", USER="user"), login("root", A="user", B="user")), {}, "SecretMissing", LACKS,
    ),
    "both, in the order of the record": (
        record(login("ada", USER="user"), login("root", USER="user")), {"ada": SourceFacts("minio", frozenset())},
        "KeyMissing", f"variable 'USER': Secret 'ada' has no key 'user'; {LACKS}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "sources", "reason", "message"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_credentials_are_available_if_their_secrets_have_label_and_keys(content, sources, reason, message):
    status = computed(content, sources=sources)

    if reason:
        expected = [("CredentialsAvailable", "False", reason, message), ("Ready", "False", reason, message)]
    else:
        expected = [true("CredentialsAvailable"), true("Ready")]
    assert conditions(status) == [true("Readable"), *expected]


def test_nothing_is_said_about_credentials_if_no_secrets_are_known():
    assert conditions(computed(record(login("root", USER="user")))) == [true("Readable"), true("Ready")]


def test_a_record_that_cannot_be_read_says_why_and_nothing_else():
    status = computed((PATH, Problem("is required", ("spec", "x"))), sources={}, delivery=DeliveryFacts(2, {}))

    message = f"{PATH}; spec.x: is required"
    assert conditions(status) == [
        ("Readable", "False", "InvalidRecord", message),
        ("Ready", "False", "InvalidRecord", message),
    ]
    assert "services" not in status
    assert status["deliveredTo"] == 2


DELIVERIES = {
    "nowhere refused": ({}, true("Delivered")),
    "in one namespace": (
        {Lack.TAKEN: 1},
        ("Delivered", "False", "NameTaken", "in 1 namespace another Secret has the name; Events there say which"),
    ),
    "in several, for several reasons": (
        {Lack.QUOTA: 12, Lack.FORBIDDEN: 1},
        (
            "Delivered", "False", "QuotaExceeded",
            "in 12 namespaces the quota of Secrets is used up; in 1 namespace fuseml controller may not write Secrets; "
            "Events there say which",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("refused", "expected"), DELIVERIES.values(), ids=DELIVERIES)
def test_what_namespaces_refuse_is_said_and_leaves_the_extension_ready(refused, expected):
    content, sources = record(login("root", USER="user")), {"root": ROOT}

    status = computed(content, sources=sources, delivery=DeliveryFacts(3, refused))

    assert conditions(status) == [true("Readable"), true("CredentialsAvailable"), true("Ready"), expected]


def test_an_extension_without_secrets_is_not_delivered_and_says_nothing_of_it():
    assert conditions(computed(record(), delivery=DeliveryFacts(0, {}))) == [true("Readable"), true("Ready")]


def test_an_id_that_no_label_can_hold_is_named():
    content = codec.decode({"id": "x" * 64, "services": [{"id": "s", "credentials": [login("root", USER="user")]}]})

    ready = ready_condition(computed(content, sources={}))

    assert ready["reason"] == "SecretMissing"
    assert "an id of more than 63 characters fits into no label" in ready["message"]


def test_numbers():
    status = computed(record(services=3), generation=7, delivery=DeliveryFacts(0, {}))

    assert (status["observedGeneration"], status["services"], status["deliveredTo"]) == (7, 3, 0)
    assert {condition["observedGeneration"] for condition in status["conditions"]} == {7}
    assert "deliveredTo" not in computed(record())


def test_times_are_in_utc_and_without_fractions():
    zone = timezone(timedelta(hours=5, minutes=30))

    assert ready_condition(computed(record(), now=NOW.astimezone(zone)))["lastTransitionTime"] == "2026-11-24T07:00:00Z"


def test_a_time_stays_until_the_status_of_its_condition_changes():
    before = computed(record(), now=datetime(2026, 11, 24, 6, 30, tzinfo=UTC))

    broken = computed((PATH,), before=before)
    repaired = computed(record(), before=before, sources={})

    assert {c["lastTransitionTime"] for c in broken["conditions"]} == {"2026-11-24T07:00:00Z"}
    assert {c["type"]: c["lastTransitionTime"] for c in repaired["conditions"]} == {
        "Readable": EARLIER, "CredentialsAvailable": "2026-11-24T07:00:00Z", "Ready": EARLIER,
    }  # fmt: skip


def test_another_reason_does_not_change_the_time():
    before = computed((PATH,), now=datetime(2026, 11, 24, 6, 30, tzinfo=UTC))

    after = computed((Problem("is required"),), generation=4, before=before)

    assert after != before
    assert {c["lastTransitionTime"] for c in after["conditions"]} == {EARLIER}


@pytest.mark.parametrize(("count", "ends"), [
    (1, "; it says where"), (30, "; and 14 more"), (4000, "; and 3984 more"),
])  # fmt: skip
def test_a_message_has_as_many_problems_as_fit_and_the_number_of_the_rest(count, ends):
    problems = tuple(Problem("x" * 40 + "; it says where", ("a",)) for _ in range(count))

    message = ready_condition(computed(problems))["message"]

    assert len(message) <= LONGEST_MESSAGE
    assert message.endswith(ends)
    assert message.startswith(f"{problems[0]}")


@pytest.mark.parametrize("count", [1, 2])
def test_a_problem_that_is_too_long_is_cut(count):
    message = ready_condition(computed((Problem("x" * 5000),) * count))["message"]

    assert message == "x" * (LONGEST_MESSAGE - 1) + "…"


@pytest.mark.parametrize(("before", "after", "stops"), [
    ({}, (PATH,), True), (computed(record()), (PATH,), True), (computed((PATH,)), (PATH,), False),
    ({}, record(), False), (computed((PATH,)), record(), False),
], ids=["new", "changed", "still", "new and good", "repaired"])  # fmt: skip
def test_what_stops_working_is_what_was_not_known_to_be_broken(before, after, stops):
    assert stops_working(before, computed(after, before=before)) is stops


@pytest.mark.parametrize("before", [
    {"conditions": None}, {"conditions": "x"}, {"conditions": [7, {}, {"type": []}]},
    {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": 7}]},
])  # fmt: skip
def test_a_stored_status_that_makes_no_sense_is_replaced(before):
    assert computed(record(), before=before) == computed(record())


REFUSED = st.dictionaries(st.sampled_from([Lack.TAKEN, Lack.QUOTA, Lack.FORBIDDEN, Lack.REFUSED]), st.integers(1, 9))
NAMES = st.sampled_from(["root", "ada", "minio"])
FACTS = st.dictionaries(NAMES, st.builds(SourceFacts, st.sampled_from(["minio", "", "x"]), st.frozensets(NAMES)))
RECORDS = st.one_of(
    st.builds(lambda logins: record(*logins), st.lists(st.builds(lambda s, k: login(s, KEY=k), NAMES, NAMES),
                                                       unique_by=lambda c: c["id"])),
    st.lists(st.builds(Problem, st.text(max_size=300)), min_size=1).map(tuple),
)  # fmt: skip
STATES = st.fixed_dictionaries({
    "content": RECORDS,
    "generation": st.integers(1, 3),
    "sources": st.none() | FACTS,
    "delivery": st.none() | st.builds(DeliveryFacts, st.integers(0, 9), REFUSED),
    "now": st.datetimes(min_value=datetime(2026, 1, 1), timezones=st.just(UTC)),
})  # fmt: skip


@given(state=STATES, later=STATES)
def test_a_status_changes_only_with_what_it_says(state, later):
    status = computed(**state)

    assert computed(**state | {"now": later["now"]}, before=status) == status
    after = computed(**later, before=status)
    known = {c["type"]: c for c in status["conditions"]}
    for condition in after["conditions"]:
        before = known.get(condition["type"], {})
        if before.get("status") == condition["status"]:
            assert condition["lastTransitionTime"] == before["lastTransitionTime"]


@given(state=STATES)
def test_ready_is_the_sum_and_messages_are_bounded(state):
    status = computed(**state)

    *others, ready = [condition for condition in status["conditions"] if condition["type"] != "Delivered"]
    wrong = [condition for condition in others if condition["status"] == "False"]
    assert is_ready(status) == (not wrong)
    assert ready["reason"] == (wrong[0]["reason"] if wrong else "Ready")
    assert all(len(condition["message"]) <= LONGEST_MESSAGE for condition in status["conditions"])
