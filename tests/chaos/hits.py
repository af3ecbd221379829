"""A study on three nodes under random hits, until it is done: its digest must be that of an undisturbed run.

`python -m tests.chaos.hits --hits 100 --seed 1` prints every hit, and in the end how many there were of each kind, on
what, and how many checkpoints were restored. With `--frozen 90 --study-seeds 40` a node also stands still for so many
seconds, longer than Ray takes to give it up (about a minute), and then goes on; the study must last as long.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from runner.store.events import events_of
from runner.store.reader import commits, committed_ids
from runner.store.verify import broken_invariants
from tests.cluster.ray_nodes import RayNodes, lives, send
from tests.cluster.saved_states import saved
from tests.cluster.small_study import STUDY, command, digest, run

NODES = {"one": 1, "two": 1}
TARGETS = {"worker": 10, "driver": 5, "raylet": 2, "node": 1, "head": 0.5}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)
LEASE_SECONDS = 6.0
PAUSE_SECONDS = (0.3, 1.5)
ROUND_SECONDS = 900.0
FROZEN = "one"
"""The node that stands still."""


class Chaos:
    """The cluster, the driver at work on a store, and the hits so far; `random` decides what is hit, when and how.

    Each round begins with a hit on every worker at once, when there are checkpoints: `met` are the trials of these,
    which must be restored. frozen: for how many seconds a node then stands still, once.
    """

    def __init__(self, study: Path, seed: int, frozen: float) -> None:
        self.study = study
        self.frozen = frozen
        self.met: set[str] = set()
        self.random = random.Random(seed)
        self.hits: Counter[tuple[str, str]] = Counter()
        self.starts = 0
        self.nodes = started()

    def round(self, store: Path, hits: int) -> None:
        """Hit until so many were counted or the study is done; then let it finish."""
        deadline = time.monotonic() + ROUND_SECONDS + self.frozen
        code = 75
        self.met.clear()
        while code != 0:
            assert time.monotonic() < deadline, f"{store} is not done after {ROUND_SECONDS:g} s"
            code = self._drive(store, hits)
            print(f"  driver ended with {code}", flush=True)

    def _drive(self, store: Path, hits: int) -> int:
        """One driver from its start to its end, hit in between."""
        driver = self._start(store)
        try:
            if not self.met:
                self._hit_all_workers(driver, store)
            if self.frozen:
                self._freeze(driver, store)
            while driver.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    driver.wait(self.random.uniform(*PAUSE_SECONDS))
                if driver.poll() is None and self.hits.total() < hits and (store / "sessions" / "lease.json").exists():
                    self._hit(driver, store)
            return driver.returncode
        finally:
            if driver.poll() is None:
                driver.kill()
            driver.wait()

    def _start(self, store: Path) -> subprocess.Popen[bytes]:
        self.starts += 1
        environment = {**self.nodes.environment, "PIESWEEP_LEASE_SECONDS": str(LEASE_SECONDS)}
        with (store.parent / "drivers.log").open("ab") as log:
            words = command(self.study, store, "--address", self.nodes.address)
            return subprocess.Popen(words, stdout=log, stderr=log, env=environment, start_new_session=True)

    def _hit(self, driver: subprocess.Popen[bytes], store: Path) -> None:
        target = self.random.choices(list(TARGETS), weights=list(TARGETS.values()))[0]
        number = self.random.choice(SIGNALS)
        if target == "driver":
            self._hit_driver(driver, store, number)
        elif target == "worker":
            workers = self._workers()
            if workers:
                self._send("worker", [self.random.choice(workers)], number)
        elif target == "head":
            self._count("head", signal.SIGKILL)
            self.nodes.stop()
            driver.wait(120)
            self.nodes = started()
        else:
            self._hit_node(target, self.random.choice(list(NODES)), number)

    def _workers(self) -> list[psutil.Process]:
        return [worker for name in ("head", *NODES) for worker in self.nodes.workers(name)]

    def _hit_all_workers(self, driver: subprocess.Popen[bytes], store: Path) -> None:
        """Where a trial has a checkpoint; all are held first, so that none writes one more, or ends, unseen."""
        while driver.poll() is None and not self.met:
            time.sleep(0.05)
            if saved(store):
                workers = self._workers()
                send(workers, signal.SIGSTOP)
                time.sleep(0.1)
                self.met |= saved(store)
                send(workers, signal.SIGKILL if self.met else signal.SIGCONT)
        if self.met:
            self._count("all workers", signal.SIGKILL)

    def _freeze(self, driver: subprocess.Popen[bytes], store: Path) -> None:
        """A node stands still until Ray has given it up. Awake, its raylet leaves; what its workers do is void."""
        began = time.time()
        while len(saved(store, since=began)) < 1 + len(NODES):  # every node is in mid-trial then
            assert driver.poll() is None, "the study was over before a node could stand still"
            time.sleep(0.1)
        processes, workers = self.nodes.processes(FROZEN), self.nodes.workers(FROZEN)
        before = len(events_of(store, "trial-retried"))
        self._count(f"node for {self.frozen:g} s", signal.SIGSTOP)
        send(processes, signal.SIGSTOP)
        time.sleep(self.frozen)
        again = {event["trial_id"] for event in events_of(store, "trial-retried")[before:]}
        done = again & committed_ids(store)
        assert again, "no trial went elsewhere"
        assert driver.poll() is None, "the study was over before the node woke up"
        send(processes, signal.SIGCONT)
        print(f"  awake: {len(again)} of its trials went elsewhere, {len(done)} of them have committed", flush=True)
        for _ in range(6):
            time.sleep(5)
            print(f"  {sum(map(lives, workers))} of its {len(workers)} workers live on", flush=True)
        send(processes, signal.SIGKILL)
        self.nodes.kill(FROZEN)
        self.nodes.add(FROZEN, NODES[FROZEN])
        self.frozen = 0.0

    def _hit_driver(self, driver: subprocess.Popen[bytes], store: Path, number: signal.Signals) -> None:
        """Also: a driver that sleeps past its lease, and wakes up when another has taken its place."""
        if number != signal.SIGSTOP or self.random.random() < 0.5:
            self._send("driver", [psutil.Process(driver.pid)], number)
            return
        self._count("driver past its lease", number)
        driver.send_signal(signal.SIGSTOP)
        successor, deadline = None, time.monotonic() + 60
        while (successor is None or successor.poll() == 75) and time.monotonic() < deadline:
            successor = self._start(store)
            with contextlib.suppress(subprocess.TimeoutExpired):
                successor.wait(LEASE_SECONDS + 6)
        driver.send_signal(signal.SIGCONT)
        assert driver.wait(60) in (0, 1, 75), "the driver that lost its lease did not end"
        if successor is not None and successor.poll() is None:
            successor.send_signal(signal.SIGTERM)
            successor.wait(60)

    def _hit_node(self, target: str, name: str, number: signal.Signals) -> None:
        """A raylet alone, or a whole node at once; a dead node comes back as a new one."""
        if target == "raylet":
            with contextlib.suppress(StopIteration):
                self._send("raylet", [self.nodes.raylet(name)], number)
            if number == signal.SIGSTOP:
                return
            time.sleep(1)
        else:
            self._count("node", signal.SIGKILL)
        self.nodes.kill(name)
        self.nodes.add(name, NODES[name])

    def _send(self, target: str, processes: list[psutil.Process], number: signal.Signals) -> None:
        self._count(target, number)
        send(processes, number)
        if number == signal.SIGSTOP:
            time.sleep(self.random.uniform(0.2, 2.0))
            send(processes, signal.SIGCONT)

    def _count(self, target: str, number: signal.Signals) -> None:
        self.hits[target, number.name] += 1
        print(f"  hit {self.hits.total()}: {number.name} to {target}", flush=True)


def started() -> RayNodes:
    """A new cluster of a head and further nodes."""
    nodes = RayNodes(cpus=1, alone=False)
    try:
        for name, cpus in NODES.items():
            nodes.add(name, cpus)
    except BaseException:
        nodes.stop()
        raise
    return nodes


def survive(hits: int, seed: int, folder: Path, *, seeds: int = 6, frozen: float = 0.0) -> Counter[tuple[str, str]]:
    """Run the study into one store after another until so many hits were dealt; each must equal the undisturbed one.

    frozen: for so many seconds a node stands still in the first round.
    """
    study = folder / "study.yaml"
    # Trials of seconds, so that many hits fall between two checkpoints.
    study.write_text(STUDY.replace("batch_size: 32", "batch_size: 8").replace("seeds: 3", f"seeds: {seeds}"))
    quiet = folder / "undisturbed"
    assert run(study, quiet).returncode == 0
    expected = digest(quiet)
    chaos = Chaos(study, seed, frozen)
    restored = rounds = 0
    try:
        while chaos.hits.total() < hits:
            rounds += 1
            store = folder / f"round-{rounds}"
            chaos.round(store, hits)
            assert broken_invariants(store) == []
            assert digest(store) == expected, f"{store} differs from {quiet}"
            counts = {record.trial_id: record.facts.restored_checkpoints for record in commits(store)}
            assert chaos.met, "no trial was killed after its first checkpoint"
            assert all(counts[trial_id] for trial_id in chaos.met), "a checkpoint was passed over"
            here = sum(counts.values())
            restored += here
            print(f"round {rounds}: verified, digest {expected[:16]} as undisturbed, {here} restored", flush=True)
    finally:
        chaos.nodes.stop()
    for (target, name), count in sorted(chaos.hits.items()):
        print(f"{count:4d} x {name} to {target}")
    print(f"{chaos.hits.total()} hits, {chaos.starts} drivers, {rounds} rounds, {restored} checkpoints restored")
    return chaos.hits


def main() -> None:
    """The script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hits", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frozen", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--study-seeds", type=int, default=6, help="five trials each, about a second a trial")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="hits-") as folder:
        survive(arguments.hits, arguments.seed, Path(folder), seeds=arguments.study_seeds, frozen=arguments.frozen)
    sys.exit(0)


if __name__ == "__main__":
    main()
