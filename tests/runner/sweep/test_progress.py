"""What a person sees of a sweep."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from runner.sweep import progress
from runner.sweep.jobs import Job
from runner.sweep.progress import Progress
from tests.runner.store import samples


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which a display counts."""
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_the_time_left_counts_epochs_and_not_trials(clock: Clock) -> None:
    """After the quick trial of two, one of three units is done: as long again, twice, is left; not once."""
    quick, slow = (Job(samples.spec(method, 0.5)) for method in ("mp-ai", "imp-wr"))
    shown = Progress([quick.spec, slow.spec], [quick, slow], Console(file=io.StringIO()))
    shares = progress._units(slow) / progress._units(quick)
    assert shares > 1
    clock.now = 10.0
    shown.ended(quick, "committed")
    assert shown.left == f"about {progress._duration(10 * shares)} left"


def test_sixty_columns_have_room_for_the_time_left(clock: Clock) -> None:
    """Bar and time left share a line, and the counts have one of their own."""
    jobs = [Job(samples.spec("mp-ai", 0.5, seed)) for seed in range(100)]
    stream = io.StringIO()
    console = Console(file=stream, width=60, force_terminal=False)
    shown = Progress([job.spec for job in jobs], jobs, console)
    clock.now = 5000.0
    shown.ended(jobs[0], "committed")
    console.print(shown._render())
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert lines[-2].endswith("about 137 h 30 min left")
    assert lines[-1] == "1/100 trials committed, -1 running, 0 failed, 0.0 a minute"
