"""How routing says no."""

from config.kernel.errors import Conflict, NotAllowed, NotFound


class NotAReviewer(NotAllowed):
    code = "not_a_reviewer"


class NoSuchLease(NotFound):
    code = "no_such_lease"


class LeaseOver(Conflict):
    """The lease has ended: by its time, a skip, or a submit. Drafts and answers already sent are kept."""

    code = "lease_over"
