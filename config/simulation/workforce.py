"""Who works, on what and when: twelve people, most of whom can do more than one thing."""

from dataclasses import dataclass

DAY_HOURS = 12.0


@dataclass(frozen=True, slots=True)
class Person:
    """`start` and `end` bound their hours of each day; `rate` is what an hour of theirs costs."""

    name: str
    skills: frozenset[str]
    start: float
    end: float
    rate: float
    standing: float

    def is_at_work(self, now: float) -> bool:
        return self.start <= now % DAY_HOURS < self.end

    def next_start(self, now: float) -> float:
        """Return when they next come to work, from a time at which they are not."""
        day, hour = divmod(now, DAY_HOURS)
        return (day if hour < self.start else day + 1) * DAY_HOURS + self.start

    def hours_between(self, start: float, end: float) -> float:
        """Return their hours of work between two times."""
        total, day = 0.0, int(start // DAY_HOURS)
        while day * DAY_HOURS < end:
            opens, closes = day * DAY_HOURS + self.start, day * DAY_HOURS + self.end
            total += max(min(closes, end) - max(opens, start), 0.0)
            day += 1
        return total

    def may(self, needs: frozenset[str]) -> bool:
        return needs <= self.skills


def _people(*rows: tuple[str, str, float, float, float, float]) -> tuple[Person, ...]:
    return tuple(
        Person(name, frozenset(skills.split()), start, end, rate, standing)
        for name, skills, start, end, rate, standing in rows
    )


# Name, skills, hours of the day, rate, standing. Everybody can do "en"; one can do German medicine.
WORKFORCE = _people(
    ("general 1", "en", 0, 8, 20, 0.5),
    ("general 2", "en", 0, 8, 20, 0.7),
    ("general 3", "en", 4, 12, 20, 0.8),
    ("general 4", "en", 4, 12, 20, 0.9),
    ("german 1", "en de", 0, 8, 26, 0.6),
    ("german 2", "en de", 4, 12, 26, 0.8),
    ("german 3", "en de", 2, 10, 26, 0.9),
    ("coder 1", "en code", 0, 8, 35, 0.8),
    ("coder 2", "en code", 4, 12, 35, 0.9),
    ("physician 1", "en med", 0, 8, 80, 0.9),
    ("physician 2", "en med", 4, 12, 80, 0.9),
    ("german physician", "en de med", 2, 10, 95, 0.9),
)
SCARCE = frozenset({"de", "med"})


def capacity_hours(people: tuple[Person, ...], until: float) -> float:
    return sum(person.hours_between(0.0, until) for person in people)
