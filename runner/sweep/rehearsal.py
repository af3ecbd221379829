"""A miniature of a study, run undisturbed and under kills on the user's own cluster: both must say the same."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runner.folders import command
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.events import events_of
from runner.store.reader import commits, committed_ids, failure_of
from runner.store.verify import broken_invariants
from runner.studies import Study, StudyError, load, require_inputs
from runner.sweep.jobs import Job
from runner.sweep.worker import Assignment, train_and_prune
from tasks.base import Split, TaskChoice, TaskError

LIMIT_SECONDS = 300.0
"""All of a rehearsal, after which it is given up."""

EPOCHS = 3
EXAMPLES: dict[Split, int] = {"train": 200, "test": 100}
"""What the miniature trains, at most."""

DRIVER_KILLS = 2
RETRIES = 3
STRUCK = 0.6
"""How many of the attempts at a trial are killed, as long as the trial has tries left."""


class RehearsalError(RuntimeError):
    """The miniature could not be run at all: says what its driver said."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What came of it: trials, kills by target, checkpoints restored, what is broken, and both digests."""

    trials: int
    driver_kills: int
    worker_kills: int
    restored: int
    broken: list[str]
    undisturbed: str
    disturbed: str
    seconds: float

    @property
    def passed(self) -> bool:
        """True if the kills changed nothing."""
        return not self.broken and self.undisturbed == self.disturbed


def miniature(study: str, overrides: list[str]) -> list[str]:
    """The overrides that make a study small: one task and model, two methods, one sparsity, two seeds, few examples.

    Of the methods one starts from the dense parent and one does not, if the study has both. Hypotheses and copies for
    comparing vendors, which change no trial, are left out, a warm-up lasts one epoch at most, and the learning rate
    stays. StudyError says why a study cannot be rehearsed: it is wrong itself, a trial takes several processes, or data
    of the user's is missing.
    """
    full = load(study, overrides)
    if full.strategy.is_sharded:
        raise StudyError("a trial over several processes cannot be rehearsed; give strategy=single with --chaos")
    task, model = full.pairs[0][0], full.pairs[0][1].name
    warmup = full.training.of_cell(task.name, model).get("warmup_epochs", 0.0)
    chosen: dict[str, object] = {
        **_small_grid(full, task.name, model),
        "seeds": full.seeds_of[task.name, model][:2],
        "references": [],
        "hypotheses": [],
        "canary": 0,
        "retries": RETRIES,
        "training.epochs": EPOCHS,
        "training.warmup_epochs": min(warmup, 1.0),
        **{f"training.{key}": None for key in ("learning_rates", "milestones", "finetuning")},
        **{f"tasks.0.limit.{split}": count for split, count in _limits(task).items()},
    }
    small = [*overrides, *(f"{key}={json.dumps(value)}" for key, value in chosen.items())]
    require_inputs(load(study, small))
    return small


def _limits(task: TaskChoice) -> dict[Split, int]:
    """How many examples of each split: as EXAMPLES says, of others as few as of test, never more than asked for."""
    most = dict.fromkeys(task.limit, EXAMPLES["test"]) | EXAMPLES
    return {split: min(count, task.limit.get(split, count)) for split, count in most.items()}


def _small_grid(study: Study, task: str, model: str) -> dict[str, object]:
    """Overrides for one task and model, with up to two of its methods and the last of its sparsities.

    The first for methods that cut level by level, which would need all levels below another.
    """
    pruned = [cell for cell in study.cells if (cell.task, cell.model) == (task, model) and cell.sparsity]
    names = dict.fromkeys(cell.method for cell in pruned)
    by_start = {study.method_choices[name].line.starts_dense: name for name in reversed(names)}
    by_level = any(study.method_choices[name].line.schedule == "levels" for name in by_start.values())
    small: dict[str, object] = {
        "tasks": [task],
        "models": [model],
        "methods": list(by_start.values()),
        "sparsities": [cell.sparsity for cell in (pruned[:1] if by_level else pruned[-1:])],
    }
    return {"grid": [small]} if study.grid else small


def rehearse(
    study: str, changes: list[str], parent: Path, address: str | None, say: Callable[[str], None]
) -> Rehearsal:
    """Run a study with the changes of its `miniature` twice below `parent` and compare.

    The stores are removed, save where they differ.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".rehearsal-", dir=parent))
    try:
        result = _both(folder, [study, changes], address, say)
    except RehearsalError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if result.passed:
        shutil.rmtree(folder)
    else:
        say(f"both stores are left in {folder}")
    return result


def _both(folder: Path, what: list[object], address: str | None, say: Callable[[str], None]) -> Rehearsal:
    began = time.monotonic()
    quiet, hit = folder / "undisturbed", folder / "disturbed"
    say("running a miniature of the study undisturbed")
    for _ in _driven([*what, str(quiet), address, None], began + LIMIT_SECONDS):
        pass
    longest = max(record.facts.seconds or 1.0 for record in commits(quiet))
    say(f"{len(committed_ids(quiet))} trials, {time.monotonic() - began:.0f} s; now with kills")
    kills = _disturbed([*what, str(hit), address, longest], began + LIMIT_SECONDS)
    return Rehearsal(
        trials=len(committed_ids(quiet)),
        driver_kills=kills,
        worker_kills=len(events_of(hit, "trial-retried")),
        restored=sum(record.facts.restored_checkpoints for record in commits(hit)),
        broken=[*broken_invariants(quiet), *broken_invariants(hit)],
        undisturbed=digest(quiet),
        disturbed=digest(hit),
        seconds=time.monotonic() - began,
    )


def _disturbed(request: list[object], deadline: float) -> int:
    """Drivers one after another until one finishes; the first ones are killed once a further trial has committed.

    In the last third of the time none is killed: on a slow cluster a start takes long, and one must finish.
    """
    store, kills = Path(str(request[2])), 0
    peace = deadline - LIMIT_SECONDS / 3
    while True:
        before = len(committed_ids(store))
        for driver in _driven(request, deadline):
            if kills < DRIVER_KILLS and time.monotonic() < peace and len(committed_ids(store)) > before:
                kills += 1
                os.kill(driver.pid, signal.SIGKILL)
                driver.wait()
                break
        else:
            return kills


def _driven(request: list[object], deadline: float) -> Iterator[subprocess.Popen[str]]:
    """A driver in a process of its own, given out again and again until it has finished the study."""
    words = command("runner.sweep.rehearsal", json.dumps(request))
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors, text=True) as driver,
    ):
        try:
            while driver.poll() is None:
                if time.monotonic() > deadline:
                    raise RehearsalError(f"the miniature took more than {LIMIT_SECONDS:g} s; give a smaller study")
                yield driver
                time.sleep(0.1)
        finally:
            if driver.poll() is None:
                driver.kill()
        if driver.returncode > 0:
            errors.seek(0)
            raise RehearsalError(f"the miniature ended with exit code {driver.returncode}:\n{errors.read()[-3000:]}")


def struck(seconds: float, job: Job, assignment: Assignment) -> str:
    """The real work, killed without warning at a moment that nobody has chosen, most of the time."""
    tries = failure_of(Path(assignment.root), job.trial_id).get("attempts", 0)
    chance = random.Random(f"{job.trial_id} {tries}")  # noqa: S311  (which trials are hit is no secret)
    blow = threading.Timer(chance.uniform(0, seconds), os.kill, [os.getpid(), signal.SIGKILL])
    blow.daemon = True
    if tries < RETRIES - 1 and chance.random() < STRUCK:
        blow.start()
    try:
        return train_and_prune(job, assignment)
    finally:
        blow.cancel()


def main() -> None:
    """The driver's process; its one argument is JSON: study, overrides, store, address, seconds of a trial or null."""
    from rich.console import Console

    from runner.plan import plan
    from runner.sweep.environment import ClusterError
    from runner.sweep.run_study import Placement, run_study

    study, changes, store, address, seconds = json.loads(sys.argv[1])
    # A module that runs as a script has another name, by which workers would not find it.
    from runner.sweep.rehearsal import struck as by_name

    work = partial(by_name, seconds) if seconds else train_and_prune
    placement = Placement(address=address, work=work)
    try:
        end = run_study(plan(load(study, changes)), Path(store), placement, Console(stderr=True))
    except (StudyError, TaskError, StoreError, ClusterError) as error:
        sys.exit(str(error))
    sys.exit(end.exit_code)


if __name__ == "__main__":
    main()
