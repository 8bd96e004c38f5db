"""How delivery says no."""

from config.kernel.errors import Conflict, DomainError


class ReleaseHeld(Conflict):
    """A hold stands: nothing of the project is frozen until somebody lifts it."""

    code = "release_held"


class NothingToRelease(Conflict):
    code = "nothing_to_release"


class SampleUnchecked(Conflict):
    code = "sample_unchecked"


class ReleaseBroken(DomainError):
    """The files of a release are not what was signed."""

    code = "release_broken"
