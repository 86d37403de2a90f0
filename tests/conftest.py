"""What all tests have in common."""

import threading

import pytest
from hypothesis import settings

# A law holds on a busy machine, too.
settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")


@pytest.fixture
def caplog(caplog):
    """Without what threads of earlier tests still say, such as one that follows a server which is gone."""
    earlier = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}

    def is_ours(record):
        return record.thread not in earlier

    caplog.handler.addFilter(is_ours)
    yield caplog
    caplog.handler.removeFilter(is_ours)
