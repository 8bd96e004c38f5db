"""Which items people judge first: those on which judges disagree or are unsure (active learning)."""

from config.kernel.errors import Conflict
from config.kernel.models import User
from labeling.models import Project
from labeling.services.queueing import put_first
from quality.judged import most_telling
from quality.models import Judge

AT_ONCE = 100
LEAST_WORTH = 0.2


def order_by_judges(*, project: Project, actor_id: int | None = None) -> int:
    """Put the most telling items first in their pools; return how many tasks moved. What moved once does not move again."""
    telling = [each.item_id for each in most_telling(project.pk, most=AT_ONCE) if each.worth >= LEAST_WORTH]
    return put_first(project=project, item_ids=telling, actor_id=actor_id) if telling else 0


def put_telling_first(*, judge: Judge, actor: User) -> int:
    """The same, for the project of a judge, because an operator says so. Raises Conflict where nothing moves."""
    moved = order_by_judges(project=judge.project, actor_id=actor.pk)
    if not moved:
        raise Conflict("No open item is in doubt among the judges that is not first already.")
    return moved
