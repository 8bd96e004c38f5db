"""The most that any plan could reach on a trace, however much of the future it knew: a linear program (HiGHS).

Why no plan does better. Time is cut into buckets. Take any plan, and for each delivery, each kind of person and each
bucket the hours that people of that kind spend in it on tasks of the delivery that are done by their due time. These
hours

- fall between arrival and due time, so into the buckets that touch that span;
- are no more in a bucket than people of that kind have in it, counting for each person, beyond the hours of each day,
  the longest handling time of the trace, because what is begun may be finished after hours;
- make up the whole handling time of each such task.

So they satisfy the constraints below, with x = 1 for the tasks done in time and 0 for the others, and the objective
counts those tasks: the program's maximum is at least the plan's count. It is above what can be reached in that it lets
tasks be done in part, be interrupted and be shared, and knows all arrivals and handling times.
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from config.simulation.workforce import DAY_HOURS, Person
from config.simulation.workload import Trace

BUCKET_HOURS = 0.5
# What a hit of each level of priority is worth in the weighted bound and the weighted figures: twice the level below.
WORTH_BASE = 2.0


@dataclass(frozen=True)
class Bound:
    """The most hits, and the most worth of hits (`worth_of`), that any plan reaches. Each at most its total."""

    hits: float
    worth: float


class _Program:
    """Rows and columns of the program: x for each task, y for (delivery, kind of person, bucket)."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.slack = max((max(each.handling) for each in trace.deliveries), default=0.0)
        self.kinds = Counter((person.skills, person.start, person.end) for person in trace.people)
        self.limits: list[float] = []
        self.capacity_rows: dict[tuple[int, int], int] = {}
        self.entries: list[tuple[int, int, float]] = []
        self.column_count = trace.task_count
        # One row a delivery: the handling of what is done, less the hours spent on it, is at most nought.
        self.limits += [0.0] * len(trace.deliveries)
        column = 0
        for row, delivery in enumerate(trace.deliveries):
            for handling in delivery.handling:
                self.entries.append((row, column, handling))
                column += 1
            self._add_hours(row)

    def _add_hours(self, row: int) -> None:
        delivery = self.trace.deliveries[row]
        first = math.floor(delivery.arrives / BUCKET_HOURS)
        last = math.ceil(delivery.due / BUCKET_HOURS)
        for kind, (skills, start, end) in enumerate(self.kinds):
            if delivery.needs <= skills:
                for bucket in range(first, last):
                    hours = self._hours(start, end, bucket)
                    if hours > 0:
                        capacity = self._capacity_row(kind, bucket, hours * self.kinds[skills, start, end])
                        self.entries.append((row, self.column_count, -1.0))
                        self.entries.append((capacity, self.column_count, 1.0))
                        self.column_count += 1

    def _hours(self, start: float, end: float, bucket: int) -> float:
        """Return the hours of one such person in the bucket, with what they may finish after hours."""
        person = Person("", frozenset(), start, end, 0.0, 0.0)
        opens, closes = bucket * BUCKET_HOURS, (bucket + 1) * BUCKET_HOURS
        after = 0.0
        for day in range(max(math.floor((opens - self.slack) / DAY_HOURS), 0), math.floor(closes / DAY_HOURS) + 1):
            ends = day * DAY_HOURS + end
            after += max(min(closes, ends + self.slack) - max(opens, ends), 0.0)
        return min(person.hours_between(opens, closes) + after, BUCKET_HOURS)

    def _capacity_row(self, kind: int, bucket: int, hours: float) -> int:
        if (kind, bucket) not in self.capacity_rows:
            self.capacity_rows[kind, bucket] = len(self.limits)
            self.limits.append(hours)
        return self.capacity_rows[kind, bucket]

    def most(self, gains: list[float]) -> float:
        """Return the greatest sum of gains over the tasks done in time."""
        rows, columns, values = (np.array(each) for each in zip(*self.entries, strict=True))
        objective = np.zeros(self.column_count)
        objective[: len(gains)] = [-gain for gain in gains]
        upper = np.full(self.column_count, np.inf)
        upper[: len(gains)] = 1.0
        found = linprog(
            objective,
            A_ub=coo_array((values, (rows, columns)), shape=(len(self.limits), self.column_count)).tocsr(),
            b_ub=np.array(self.limits),
            bounds=np.column_stack([np.zeros(self.column_count), upper]),
            method="highs",
        )
        if not found.success:
            raise ArithmeticError(f"The bound was not found: {found.message}")
        return min(-float(found.fun), math.fsum(gains))


def worth_of(priority: int) -> float:
    return WORTH_BASE**priority


def bound_of(trace: Trace) -> Bound:
    """Return the bound of a trace with at least one task."""
    program = _Program(trace)
    priorities = [each.priority for each in trace.deliveries for _ in each.handling]
    return Bound(
        hits=program.most([1.0] * len(priorities)), worth=program.most([worth_of(each) for each in priorities])
    )
