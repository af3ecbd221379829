"""Show the progress of a sweep: a live table on a terminal, plain lines in a log."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runner.plan import training_units
from runner.printable import printable
from runner.spec import TrialSpec
from runner.sweep.jobs import Job

LINE_SECONDS = 15.0
BAR = 30
"""Characters: in a terminal of 60 the time left has room beside it."""
LINES = 100
"""Plain lines are at least LINE_SECONDS apart, and in a long sweep so far that one comes for every hundredth of it."""


class Progress:
    """Counts trials by cell and shows them; a context manager around the sweep."""

    def __init__(self, specs: Sequence[TrialSpec], todo: Sequence[Job], console: Console) -> None:
        waiting = {job.trial_id for job in todo if not job.rebuild}
        self.planned = Counter(_row(spec) for spec in specs)
        self.done = Counter(_row(spec) for spec in specs if spec.trial_id not in waiting)
        self.running: Counter[tuple[str, str, str, float]] = Counter()
        self.failed: Counter[tuple[str, str, str, float]] = Counter()
        self.console = console
        self.began = time.monotonic()
        self.finished = 0
        self.units = sum(map(_units, todo))
        self.units_done = 0
        self._last_line = -LINE_SECONDS
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=2, transient=False)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            with contextlib.suppress(OSError):
                self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.console.is_terminal:
            with contextlib.suppress(OSError):  # a closed terminal ends no sweep
                self._live.stop()
        else:
            self._print_line()

    def started(self, job: Job) -> None:
        """A job was handed out."""
        self.running[_row(job.spec)] += 1
        now = time.monotonic()
        if not self.console.is_terminal and now - self._last_line >= max(LINE_SECONDS, (now - self.began) / LINES):
            self._print_line()

    def ended(self, job: Job, ending: str) -> None:
        """A job ended well, failed, or stopped at a checkpoint."""
        row = _row(job.spec)
        self.running[row] -= 1
        if ending not in ("stopped", "retried", "orphaned"):
            self.finished += 1
            self.units_done += _units(job)
        if ending == "failed":
            self.failed[row] += 1
        elif ending in ("committed", "already"):
            self.done[row] += 1

    @property
    def counts(self) -> str:
        """How many trials have ended how, and how many end in a minute."""
        seconds = time.monotonic() - self.began
        rate = self.finished / seconds if seconds > 0 else 0.0
        return (
            f"{self.done.total()}/{self.planned.total()} trials committed, {self.running.total()} running, "
            f"{self.failed.total()} failed, {rate * 60:.1f} a minute"
        )

    @property
    def left(self) -> str:
        """The time left, by epochs that are still to be trained; nothing before a first trial has ended."""
        if not 0 < self.units_done < self.units:
            return ""
        seconds = time.monotonic() - self.began
        return f"about {_duration((self.units - self.units_done) * seconds / self.units_done)} left"

    def _print_line(self) -> None:
        self._last_line = time.monotonic()
        with contextlib.suppress(OSError):  # nobody reads any more; Rich would end the process
            print(", ".join(filter(None, (self.counts, self.left))), file=self.console.file, flush=True)

    def _render(self) -> Group:
        sparsities = sorted({row[3] for row in self.planned})
        table = Table(box=None, pad_edge=False, header_style="dim")
        for heading in ("task", "model", "method"):
            table.add_column(heading)
        for sparsity in sparsities:
            table.add_column("dense" if sparsity == 0 else f"{sparsity:.0%}", justify="right")
        groups = list(dict.fromkeys(row[:3] for row in self.planned))
        room = max(self.console.height - 6, 3)
        busy = sorted(groups, key=lambda group: not any(self.running[(*group, s)] for s in sparsities))
        shown = [group for group in groups if group in set(busy[:room])]
        for group in shown:
            table.add_row(
                *(Text(printable(name)) for name in group),
                *(self._count((*group, sparsity)) for sparsity in sparsities),
            )
        hidden = len(groups) - len(shown)
        note = Text(f"and {hidden} more methods without running trials" if hidden > 0 else "", style="dim")
        line = Table.grid(padding=(0, 1))
        line.add_row(ProgressBar(total=max(self.units, 1), completed=self.units_done, width=BAR), Text(self.left))
        return Group(table, note, line, Text(self.counts))

    def _count(self, row: tuple[str, str, str, float]) -> Text:
        planned = self.planned[row]
        if not planned:
            return Text("")
        text = Text(f"{self.done[row]}/{planned}", style="green" if self.done[row] == planned else "")
        if self.running[row]:
            text.append(f" +{self.running[row]}", style="cyan")
        if self.failed[row]:
            text.append(f" !{self.failed[row]}", style="bold red")
        return text


def _units(job: Job) -> int:
    """Epochs that a job trains."""
    return round(training_units(job.spec) * job.spec.training.epochs)


def _row(spec: TrialSpec) -> tuple[str, str, str, float]:
    model = f"{spec.model} on {spec.canary}" if spec.canary else spec.model
    return spec.task, model, spec.method, spec.sparsity


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {int(seconds % 60):02d} s" if minutes else f"{int(seconds)} s"
