"""What all tests have in common."""

from hypothesis import settings

# A law holds on a busy machine, too.
settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")
