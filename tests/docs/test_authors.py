"""What docs/authors.md shows of ``fuseml`` is what it prints for somebody who may only edit his namespace."""

import os

import pytest
import yaml
from click.testing import CliRunner

from registry.delivery import ledger
from registry.delivery.copies import copy_of
from registry.records import extension_objects
from registry.stores.cluster import EXTENSIONS, NAMESPACES, ledgers_of
from tests.docs.authors import PAGE, RECORD, files, steps
from tests.fakes.object_api import write_kubeconfig
from tests.fakes.watched_api import FakeApi, serving
from webhook.cli.installed import ASSUMED, SETTINGS_NAME
from webhook.cli.main import commands

TEXT = PAGE.read_text()
# The output is that of the block.
COMMANDS = [
    pytest.param(line, step.shown if step.commands == f"{line}\n" else "", id=line)
    for step in steps(TEXT)
    for line in step.commands.splitlines()
    if line.startswith("fuseml ")
]


def metadata(namespace, name, labels=None):
    return {"namespace": namespace, "name": name, "labels": labels or {}}


def copy_in(record):
    """The name of the copy of the only credentials of *record*."""
    extension = extension_objects.decode(record)
    ((service, credentials),) = ((service, c) for service in extension.services for c in service.credentials)
    return copy_of(extension.id, service.id, credentials).name


@pytest.fixture
def fuseml(tmp_path, monkeypatch):
    """Runs a command of the page on a cluster where it has been followed."""
    monkeypatch.chdir(tmp_path)
    api = FakeApi()
    api.user = "ada"
    for name, content in files(TEXT).items():
        (tmp_path / name).write_text(content)
    record = yaml.safe_load(files(TEXT)[RECORD])
    api.put(EXTENSIONS, record)
    labels = {"extensions.fuseml.org/project": "alpha"}
    api.put(NAMESPACES, {"metadata": {"name": "team-a", "uid": "u-a", "labels": labels}})
    api.put(ledgers_of("fuseml-system"), {"metadata": metadata("fuseml-system", SETTINGS_NAME), "data": ASSUMED})
    # As the role `edit` has it.
    api.refused = {f"{ledgers_of('fuseml-system')}/{ledger.name_for('u-a')}", EXTENSIONS, NAMESPACES}
    copy = metadata("team-a", copy_in(record), {"app.kubernetes.io/managed-by": "fuseml-controller"})
    api.put(f"{NAMESPACES}/team-a/secrets", {"metadata": copy})
    with serving(api) as client:
        write_kubeconfig(tmp_path / "kubeconfig", client.configuration.host, namespace="team-a")

        def run(line):
            return CliRunner().invoke(
                commands, line.split()[1:], env={"FUSEML_KUBECONFIG": str(tmp_path / "kubeconfig")}
            )

        yield run


@pytest.mark.parametrize(("line", "shown"), COMMANDS)
def test_command_prints_what_the_page_shows(fuseml, line, shown):
    done = fuseml(line)

    assert (done.exit_code, done.stderr if "lint" not in line else "") == (0, "")
    if shown and os.environ.get("UPDATE_GOLDEN"):
        block = f"{line}\n```\n\n```text\n"
        PAGE.write_text(PAGE.read_text().replace(block + shown, block + done.stdout))
    elif shown:
        assert done.stdout == shown
