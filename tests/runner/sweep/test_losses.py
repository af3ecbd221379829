"""Why a driver has its store no longer is said as it is; words that nobody can read end no sweep."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from runner.store.session import Session, hold
from runner.sweep import run_study as study
from runner.sweep.jobs import Job
from runner.sweep.progress import Progress
from runner.sweep.run_study import TAKEN, _why_lost
from tests.runner.store import samples


@pytest.fixture
def held(tmp_path: Path) -> Session:
    """A session that holds a store no longer, in a store that is whole."""
    root = tmp_path / "store"
    with hold(root) as session:
        session.layout.tasks.mkdir()
    return session


def test_a_moved_store_is_named(held: Session) -> None:
    """Its folder is gone."""
    root = held.layout.root
    root.rename(root.with_name("elsewhere"))
    assert _why_lost(held) == f"the loss of the store: {root} was moved or deleted"


def test_a_read_only_store_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is there, and the lease ours, but nothing can be written."""

    def refuse(folder: Path) -> float:
        raise OSError(30, "Read-only file system", str(folder))

    monkeypatch.setattr(study, "clock_of", refuse)
    root = tmp_path / "store"
    with hold(root) as session:
        session.layout.tasks.mkdir()
        assert _why_lost(session) == f"the loss of the store: {root} cannot be written (Read-only file system)"


def test_a_real_takeover_is_named(held: Session) -> None:
    """Another driver has the lease now."""
    with hold(held.layout.root):
        assert _why_lost(held) == TAKEN


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_goes_on_where_nobody_reads(is_terminal: bool) -> None:
    """Behind a closed terminal, or a pipe whose reader is gone, every word fails: the sweep must not."""
    ours, theirs = pty.openpty() if is_terminal else os.pipe()
    os.close(ours)
    job = Job(samples.spec())
    with os.fdopen(theirs, "w") as stream:
        console = Console(file=stream, force_terminal=is_terminal)
        with Progress([job.spec], [job], console) as progress:
            progress.started(job)
            progress.ended(job, "committed")
        assert progress.finished == 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def test_last_words_that_nobody_reads_change_no_exit_code() -> None:
    """The pipe is broken when a verb says how it ended: that is not its end."""
    script = "from runner.command_line.output import print_last; print_last('x' * 100_000); raise SystemExit(75)"
    root = {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | root
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 75
