"""Which tests run side by side: all but those of the folder `disruption`, which come last, one by one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.cluster.lock import alone, together

# They disturb the cluster or measure it.
_ALONE = "disruption"
# Each folder has an API server of its own, one for all of its tests, and does not touch the cluster.
_APART = ("match_conditions", "policies", "registry")
_LOCK = "tests"
# The longest first, so that no worker is alone with one at the end.
_FOLDERS = [*_APART, "runs", "admission", _ALONE]
_LONGEST = ("test_mlflow.py", "test_engines_examples.py")


class Turns:
    """A plugin of pytest, for each worker of pytest-xdist and for the process that starts them."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Begin with the longest tests; end with those that remove the product or the node."""
        items.sort(key=_turn)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Wait until the cluster is free, before anything is measured."""
        folder = item.path.parent.name
        if folder in _APART:
            return (yield)
        with alone(_LOCK) if folder == _ALONE else together(_LOCK):
            return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: object) -> LoadScopeScheduling:
        """Distribute the tests in their order."""
        config.option.loadscopereorder = False
        return _ByFolder(config, log)


class _ByFolder(LoadScopeScheduling):
    """Gives a whole folder to one worker if its tests cannot run side by side, and else test by test."""

    def _split_scope(self, nodeid: str) -> str:
        folder = Path(nodeid.partition("::")[0]).parent.name
        return folder if folder in (_ALONE, *_APART) else nodeid


def _turn(item: pytest.Item) -> tuple[int, bool, bool, bool]:
    folder = item.path.parent.name
    return (
        _FOLDERS.index(folder) if folder in _FOLDERS else 0,
        item.path.name not in _LONGEST,
        "removed" in item.fixturenames,
        "crash" in item.fixturenames,
    )
