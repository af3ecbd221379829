"""Verbs that change something, killed at random moments and started again: `python -m tests.chaos.kills --kills 200`.

Each verb is killed (SIGKILL) several times in a row on the same folder, at moments drawn from the time that it takes
undisturbed; after each kill the store must be sound, and when the verb has been left to finish, what it made must be
what it makes undisturbed: digests of stores, bytes of a report's tables.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.files.scratch import sweep_scratch
from runner.store.layout import Layout
from runner.store.verify import broken_invariants
from tests.runner.store import mixed

STUDY = """
name: killed
tasks: [digits]
models: [convnet]
methods: [imp-ft, rp-ai]
sparsities: [0.9]
seeds: 2
training: {epochs: 2, batch_size: 8, learning_rate: 0.003}
record: {splits: [train, test], el2n: true}
"""
TUNING = """
tuning: {epochs: [1, 2], learning_rate: [1.0e-3, 1.0e-2], budget: 4}
"""
SEEDS = 30
PATIENCE_SECONDS = 600.0
IN_A_ROW = 5
"""Kills of one verb on one folder, before it is left to finish."""


@dataclass(frozen=True)
class Verb:
    """A verb, what it is tried on, the store that it changes, and what it has made in the end.

    share: of the kills.
    """

    prepare: Callable[[Path], None]
    words: Callable[[Path], list[str]]
    store: Callable[[Path], Path]
    made: Callable[[Path], str]
    share: float


def study(folder: Path) -> None:
    """A study of fifteen seconds."""
    (folder / "study.yaml").write_text(STUDY)


def tuned(folder: Path) -> None:
    """The same, with ranges to search."""
    (folder / "study.yaml").write_text(STUDY + TUNING.strip() + "\n")


def single_files(folder: Path) -> None:
    """A store of many trials in files of their own."""
    mixed.store(folder / "store", range(SEEDS))


def two_stores(folder: Path) -> None:
    """Two stores of one study, which share seeds; one is compacted."""
    mixed.store(folder / "a", range(SEEDS * 2 // 3))
    mixed.store(folder / "b", range(SEEDS // 3, SEEDS))
    compact(folder / "a")


def tables(folder: Path) -> None:
    """Predictions of a store's trials as CSV."""
    with (folder / "predictions.csv").open("w") as file:
        file.write("task,model,method,sparsity,seed,split,example_id,label\n")
        for method, sparsity in (("dense", 0), ("imp-ft", 0.5), ("imp-ft", 0.9)):
            for seed in range(SEEDS):
                for row in range(200):
                    file.write(f"films,net,{method},{sparsity},{seed},test,{row},{'ab'[(row * seed) % 2]}\n")
    lines = [f"films,test,{row},{'ab'[row % 2]},text {row}\n" for row in range(200)]
    (folder / "examples.csv").write_text("task,split,example_id,label,text\n" + "".join(lines))


def pages(folder: Path) -> str:
    """The tables and figures' numbers of a report, by name and bytes."""
    total = hashlib.sha256()
    for path in sorted((folder / "report").rglob("*.csv")):
        total.update(path.name.encode() + b"\x1f" + path.read_bytes())
    return total.hexdigest()


VERBS: dict[str, Verb] = {
    "compact": Verb(
        single_files,
        lambda at: ["compact", str(at / "store")],
        lambda at: at / "store",
        lambda at: digest(at / "store"),
        0.25,
    ),
    "merge": Verb(
        two_stores,
        lambda at: ["merge", str(at / "a"), str(at / "b"), "--into", str(at / "store")],
        lambda at: at / "store",
        lambda at: digest(at / "store"),
        0.25,
    ),
    "ingest": Verb(
        tables,
        lambda at: ["ingest", str(at / "store"), "--predictions", str(at / "predictions.csv"), "--examples",
                    str(at / "examples.csv")],
        lambda at: at / "store",
        lambda at: digest(at / "store"),
        0.2,
    ),
    "report": Verb(
        single_files,
        lambda at: ["report", str(at / "store"), "--out", str(at / "report")],
        lambda at: at / "store",
        pages,
        0.1,
    ),
    "run": Verb(
        study,
        lambda at: ["run", str(at / "study.yaml"), "--store", str(at / "store")],
        lambda at: at / "store",
        lambda at: digest(at / "store"),
        0.15,
    ),
    "tune": Verb(
        tuned,
        lambda at: ["tune", str(at / "study.yaml")],
        lambda at: at / "killed.tuning",
        lambda at: digest(at / "killed.tuning"),
        0.05,
    ),
}  # fmt: skip


def start(verb: Verb, folder: Path) -> subprocess.Popen[bytes]:
    """The verb as a process of its own, in a group of its own."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "PIESWEEP_LEASE_SECONDS": "6"}
    words = [sys.executable, "-m", "runner.command_line", *verb.words(folder)]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(words, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)


def finished(verb: Verb, folder: Path) -> float:
    """Run the verb to its end; the seconds that it took."""
    began = time.monotonic()
    process = start(verb, folder)
    code = process.wait(PATIENCE_SECONDS)
    assert code == 0, (folder / "log").read_text(errors="replace")[-2000:]
    return time.monotonic() - began


def require_sound(store: Path) -> None:
    """A store, if it has been begun, is sound."""
    if Layout(store).tasks.is_dir():
        broken = broken_invariants(store)
        assert broken == [], broken


def killed(verb: Verb, folder: Path, seconds: float, chance: random.Random) -> bool:
    """Start the verb and kill it at a random moment; False if it had ended before."""
    process = start(verb, folder)
    try:
        code = process.wait(chance.uniform(0.15, 1.0) * seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return True
    assert code == 0, (folder / "log").read_text(errors="replace")[-2000:]
    return False


def tried(name: str, kills: int, place: Path, chance: random.Random) -> int:
    """Kill one verb so many times, in rows; how many kills met it at work."""
    verb = VERBS[name]
    whole = place / f"{name}-whole"
    whole.mkdir()
    verb.prepare(whole)
    base = place / f"{name}-base"
    shutil.copytree(whole, base)
    seconds = finished(verb, whole)
    wanted, met, rows = verb.made(whole), 0, 0
    while met < kills:
        rows += 1
        assert rows <= 4 * kills, "the verb ends before it can be killed"
        folder = place / f"{name}-{rows}"
        shutil.copytree(base, folder)
        for _ in range(IN_A_ROW):
            met += killed(verb, folder, seconds, chance)
            require_sound(verb.store(folder))
        finished(verb, folder)
        require_sound(verb.store(folder))
        assert verb.made(folder) == wanted, f"{name}: another outcome in {folder}"
        shutil.rmtree(folder)
    print(f"{name}: {met} kills in {rows} rows, {wanted[:16]} as undisturbed ({seconds:.1f} s each)", flush=True)
    return met


def main() -> None:
    """Kill all verbs and print how many kills there were of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbs", nargs="*", default=list(VERBS))
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    total = sum(VERBS[name].share for name in asked.verbs)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        for name in asked.verbs:
            share = max(1, round(asked.kills * VERBS[name].share / total))
            counts[name] = tried(name, share, Path(place), chance)
    left = sweep_scratch()
    print(f"{counts.total()} kills: {dict(counts)}; scratch folders of the dead removed at the end: {left}")


if __name__ == "__main__":
    main()
