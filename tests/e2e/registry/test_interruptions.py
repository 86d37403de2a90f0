"""An Extension has its Secret whatever fails between, and a Secret without an Extension does not stay."""

import random
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from registry.errors import RegistryError
from registry.stores.changing import change
from registry.stores.cluster_records import value_secrets
from tests.e2e.registry.installation import EXTENSIONS, SECRETS
from tests.e2e.registry.inventory import referred, secrets_in, torn
from tests.e2e.registry.repeating import repeating
from tests.e2e.registry.writer import record, said

pytestmark = pytest.mark.usefixtures("empty")


def dangling(admin):
    """Secrets to which an Extension refers, and which are not there. The Extensions are read last, and again.

    While others write, an Extension may be replaced between the two answers.
    """
    missing = referred(admin) - secrets_in(admin)
    return missing & referred(admin) if missing else missing


@pytest.mark.parametrize("writes", [60, pytest.param(1000, marks=pytest.mark.full)])
def test_writers_that_are_killed_leave_no_extension_without_its_secret(admin, store, write, tell, monkeypatch, writes):
    done = killed = 0
    with repeating(lambda: torn(store), 2, 0.1) as read, repeating(lambda: dangling(admin), 1, 0.1) as looked:
        while done < writes:
            processes = [write("churn", i, 1000) for i in range(4)]
            for process in processes:
                assert process.stdout.readline() == "begun\n"
            time.sleep(random.uniform(0.5, 4.0))
            for process in random.sample(processes, len(processes)):
                process.send_signal(signal.SIGKILL)
                time.sleep(random.uniform(0, 0.1))
            done += sum(process.communicate()[0].count("done") for process in processes)
            killed += len(processes)

    left = secrets_in(admin) - referred(admin)
    tell(f"{killed} writers killed during {done} writes: {len(left)} Secrets left over, until they are an hour old")
    assert [problem for problem in read if problem] == []
    assert [problem for problem in looked if problem] == []
    assert dangling(admin) == set()
    # What is new may belong to a write that is going on.
    store.clean()
    assert secrets_in(admin) - referred(admin) == left
    _let_them_be_old(monkeypatch)
    store.clean()
    assert secrets_in(admin) == referred(admin)
    assert torn(store) == []


def _let_them_be_old(monkeypatch):
    """As if an hour had passed: the API server's clock cannot be set."""
    monkeypatch.setattr(value_secrets, "LEFT_OVER", timedelta(seconds=1))
    time.sleep(2.1)


def test_service_cleans_what_is_left_over(admin, service, token, store, monkeypatch):
    """A write of the same record, and what kubectl deletes."""
    store.put(record("a", "1"), None)
    store.put(record("b", "1"), None)
    admin.send("DELETE", f"{EXTENSIONS}/a")
    assert len(secrets_in(admin)) == 2

    _let_them_be_old(monkeypatch)
    store.clean()

    assert secrets_in(admin) == referred(admin)
    assert len(secrets_in(admin)) == 1


def test_wrong_clock_of_a_writer_deletes_nothing_new(admin, store, monkeypatch):
    """The API server's own time counts, which comes with each of its answers."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) + timedelta(days=1)

    monkeypatch.setattr(value_secrets, "datetime", Clock)
    store.put(record("a", "1"), None)
    admin.send("DELETE", f"{EXTENSIONS}/a")

    store.clean()

    assert len(secrets_in(admin)) == 1


def test_api_server_that_is_killed_and_started_again_loses_nothing(bare, admin, store, write, tell):
    store.put(record("shared", "0"), None)
    writers = [write("count", i, 15) for i in range(3)]
    time.sleep(3)
    bare.restart_api_server()
    time.sleep(1)
    bare.restart_api_server()

    lines = [line for w in writers for line in w.communicate(timeout=300)[0].splitlines()]

    assert [w.returncode for w in writers] == [0, 0, 0]
    (count,) = said(store.get("shared").record)
    unknown = lines.count("?")
    tell(f"API server killed twice: {lines.count('done')} edits done, {unknown} of unknown outcome, {count} counted")
    assert lines.count("done") <= int(count) <= lines.count("done") + unknown
    assert lines.count("done") + unknown == 45
    assert dangling(admin) == set()
    assert torn(store) == []


def test_service_answers_while_the_api_server_is_away_and_after(bare, service, token):
    own = token("keeper")
    assert service.ask("POST", "/extensions", own, {"id": "a"}).status == 201
    bare.pause_api_server()
    try:
        away = service.ask("GET", "/extensions", token="0123456789abcdef")
        ready = service.ask("GET", "/readyz")
        alive = service.ask("GET", "/healthz")
    finally:
        bare.restart_api_server()

    assert (away.status, away.json()["temporary"]) == (503, True)
    assert ready.status == 503
    assert alive.status == 200
    assert service.ask("GET", "/extensions/a", own).status == 200


@pytest.mark.parametrize("act", ["register", "change", "delete"])
@pytest.mark.parametrize("answer", ["lost", 409, 429, 500, 504])
@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not-done"])
@pytest.mark.parametrize("step", range(6))
def test_extension_has_its_secret_whatever_is_answered(admin, flawed_store, store, act, answer, is_done, step):
    """Each of the requests of a write in turn is answered wrongly, after it was carried out or in place of that."""
    own = store.put(record("a", "1"), None)
    flaws = flawed_store.flaws
    flaws.set(step, answer, is_done=is_done)

    try:
        if act == "register":
            flawed_store.put(record("b", "1"), None)
        elif act == "change":
            flawed_store.put(record("a", "2"), own.revision)
        else:
            flawed_store.delete("a", own.revision)
        outcome = "done"
    except RegistryError as e:
        outcome = str(e)

    after = {stored.record.id: said(stored.record) for stored in store.list().records}
    expected = {"register": {"a": {"1"}, "b": {"1"}}, "change": {"a": {"2"}}, "delete": {}}[act]
    assert after in ([expected] if outcome == "done" else [expected, {"a": {"1"}}])
    assert "CANARY" not in outcome
    assert referred(admin) <= secrets_in(admin)
    if outcome == "done" or "may have been done" not in outcome:
        # What is left over can be of this one write only.
        assert len(secrets_in(admin) - referred(admin)) <= 1
    # The next write goes on from whatever there is.
    if "a" in after:
        change(store, "a", lambda _: record("a", "3"))
        assert said(store.get("a").record) == {"3"}


def test_secrets_of_an_interrupted_write_are_never_those_of_others(admin, store):
    """An operator's Secret is not deleted, whatever its name and labels are."""
    labels = {"extensions.fuseml.org/extension": "a"}
    for name in ("fuseml-values-a-byhand", "minio"):
        admin.send("POST", SECRETS, {"metadata": {"name": name, "labels": labels}})
    stored = store.put(record("a", "1"), None)
    store.delete("a", store.put(record("a", "2"), stored.revision).revision)

    store.clean()

    assert secrets_in(admin) == {"fuseml-values-a-byhand", "minio"}
