"""Every record of FuseML's documentation passes through all kinds of stores, text for text."""

import itertools
import os
import subprocess
from pathlib import Path

import pytest

from registry.records.texts import decode_text
from tests.e2e.registry.service_process import FUSEML, running

DOCUMENTED = (Path(__file__).parents[2] / "records/fuseml.yaml").read_text().replace("<hidden>", "a-value")
KINDS = ("folder", "cluster", "server")


@pytest.fixture
def place(tmp_path, kubeconfig, service, token, empty):
    """Options for a registry of a kind, which is empty."""
    (tmp_path / "records").mkdir()
    (tmp_path / "behind").mkdir()
    own = kubeconfig("editor")
    with running(tmp_path, "--registry", tmp_path / "behind") as server:
        yield {
            "folder": ["--registry", tmp_path / "records"],
            "cluster": ["--registry-namespace", "fuseml", "--kubeconfig", own],
            "server": ["--url", server.url],
        }


def fuseml(*words, stdin=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FUSEML")}
    ran = subprocess.run(
        [*FUSEML, "extension", *map(str, words)],
        check=False,
        input=stdin,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize(("first", "second"), [p for p in itertools.permutations(KINDS, 2) if p[0] != "server"])
def test_record_is_the_same_after_a_way_through_two_registries(place, first, second):
    fuseml("register", "-f", "-", *place[first], stdin=DOCUMENTED)
    got = {own_id: decoded(fuseml("get", own_id, "-o", "yaml", *place[first])) for own_id in ids(place[first])}
    exported = fuseml("export", "--with-values", *place[first])

    fuseml("import", "-f", "-", *place[second], stdin=exported)

    assert decoded(exported) == sorted(decoded(DOCUMENTED), key=lambda e: e.id)
    assert len(got) == 8
    assert {i: decoded(fuseml("get", i, "-o", "yaml", *place[second])) for i in ids(place[second])} == got
    assert fuseml("diff", "-", *place[second], stdin=fuseml("export", *place[first])) == ""
    if second != "server":
        again = fuseml("export", "--with-values", *place[second])
        # The API server sorts the entries of each map.
        assert sorted(again.splitlines()) == sorted(exported.splitlines())
        assert decoded(again) == decoded(exported)


def decoded(text):
    found, problems = decode_text(text)
    assert problems == []
    return [extension for extension, _ in found]


def ids(options):
    return fuseml("list", "-o", "name", *options).split()
