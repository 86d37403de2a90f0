"""What is in the registry's namespace, and what a reader sees there."""

from registry.stores.cluster_records.store import ClusterRecords
from tests.e2e.registry.installation import EXTENSIONS, SECRETS
from tests.e2e.registry.writer import said
from tests.e2e.support.caller import Caller


def secrets_in(admin: Caller) -> set[str]:
    """The names of all Secrets."""
    return {item["metadata"]["name"] for item in admin.send("GET", SECRETS).json()["items"]}


def referred(admin: Caller) -> set[str]:
    """The Secrets to which Extensions refer."""
    items = admin.send("GET", EXTENSIONS).json()["items"]
    services = [service for item in items for service in item["spec"].get("services", ())]
    return {login["secretRef"]["name"] for service in services for login in service.get("credentials", ())}


def torn(store: ClusterRecords) -> list[str]:
    """What is wrong in what a reader sees at this moment: records that say two things, or cannot be read."""
    listing = store.list()
    wrong = [f"{s.record.id}: {said(s.record)}" for s in listing.records if len(said(s.record)) != 1]
    return wrong + [str(problem) for problem in listing.problems]
