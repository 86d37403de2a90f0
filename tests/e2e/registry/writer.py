"""A process that changes Extensions: `python -m tests.e2e.registry.writer KUBECONFIG ACT NUMBER EDITS`.

It prints each change that is done, before it begins the next one. What it could not know it prints as `?`.
"""

import random
import sys
import time
from collections.abc import Callable
from typing import Final

from registry.errors import AlreadyExistsError, NotFoundError, ReadOnlyError, UnavailableError, UnreadableError
from registry.kube.connect import connect
from registry.records.codec import decode
from registry.records.model import Extension
from registry.stores.changing import change, delete
from registry.stores.cluster_records.store import ClusterRecords
from tests.e2e.registry.installation import REGISTRY

SHARED: Final = "shared"
# Two values that are the same in each state of a record: whoever sees two different ones sees half a change.
PAIR: Final = ("LEFT", "RIGHT")


def record(own_id: str, value: str) -> Extension:
    """A record that says *value* in each of its parts."""
    logins = [{"id": f"c{i}", "configuration": dict.fromkeys(PAIR, f"CANARY-{value}")} for i in range(2)]
    service = {"id": "s", "configuration": {"SAID": value}, "credentials": logins}
    return decode({"id": own_id, "configuration": {"SAID": value}, "services": [service]})


def said(record: Extension) -> set[str]:
    """What the parts of a record say: one value, in each whole state."""
    (service,) = record.services
    values = {v.removeprefix("CANARY-") for login in service.credentials for v in login.configuration.values()}
    return values | {record.configuration["SAID"], service.configuration["SAID"]}


def count(store: ClusterRecords, _: str) -> None:
    """Add 1 to the shared record."""
    retries = -1

    def more(known: Extension) -> Extension:
        nonlocal retries
        retries += 1
        return record(SHARED, str(int(known.configuration["SAID"]) + 1))

    change(store, SHARED, more)
    print("retries", retries, flush=True)


def churn(store: ClusterRecords, number: str) -> None:
    """Register, change and delete a record, at random: two writers may have the same one."""
    own_id = f"r{int(number) % 4}"
    act = random.choice(["register", "change", "change", "delete"])
    try:
        if act == "register":
            store.put(record(own_id, str(random.random())), None)
        elif act == "change":
            change(store, own_id, lambda _: record(own_id, str(random.random())))
        else:
            delete(store, own_id)
    except (AlreadyExistsError, NotFoundError):
        pass


ACTS: Final[dict[str, Callable[[ClusterRecords, str], None]]] = {"count": count, "churn": churn}


def main(kubeconfig: str, act: str, number: str, edits: str) -> None:
    """Write *edits* times."""
    store = ClusterRecords(connect(kubeconfig), namespace=REGISTRY)
    print("begun", flush=True)
    for _ in range(int(edits)):
        try:
            ACTS[act](store, number)
        # An API server that has just been started knows neither roles nor accounts for a moment.
        except (UnavailableError, UnreadableError, ReadOnlyError):
            print("?", flush=True)
            time.sleep(0.3)
        else:
            print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
