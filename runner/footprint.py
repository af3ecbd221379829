"""Estimate what machines a study needs: hours, allocations, files and bytes at their peak; no torch, no data."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from runner.estimate import Estimate, estimate
from runner.models import MODELS
from runner.optimizers import OPTIMIZERS
from runner.plan import Plan, forebears, training_units
from runner.spec import TrialSpec
from runner.store.reader import commits
from runner.studies import StudyError

BYTES_OF_VALUE, BYTES_OF_MASK = 4, 1
TRIALS_A_SHARED_FILE = 100


@dataclass(frozen=True, kw_only=True)
class Machines:
    """What one allocation offers: nodes, what each has, and the seconds in which trials can run."""

    nodes: int
    cpus_per_node: int
    gpus_per_node: int
    seconds: int


@dataclass(frozen=True)
class Speed:
    """Seconds of one dense training by (task, model), and sizes of the networks where trials were measured.

    Cells that nobody measured take the slowest of their model, or else the slowest of all.
    """

    seconds: dict[tuple[str, str], float]
    parameters: dict[str, int] = field(default_factory=dict)
    vendors: frozenset[str] = frozenset()

    @staticmethod
    def given(seconds_per_unit: float) -> Speed:
        """The same for every cell."""
        return Speed({("", ""): seconds_per_unit})

    def of(self, task: str, model: str) -> float:
        alike = [seconds for (_, other), seconds in self.seconds.items() if other == model]
        return self.seconds.get((task, model)) or max(alike or self.seconds.values())


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What a plan asks of given machines.

    gpu_hours, cpu_hours: occupied by trials. hours: from start to end, if every slot is always busy. at_once: trials
    side by side. files, store_bytes: at the peak, checkpoints included; compacted_files: the same in a store that is
    compacted after every allocation. unmeasured: cells whose speed was taken from others.
    """

    gpu_hours: float
    cpu_hours: float
    hours: float
    allocations: int
    at_once: int
    files: int
    compacted_files: int
    checkpoint_bytes: int
    store_bytes: int
    unmeasured: tuple[str, ...] = ()


def measured(root: Path, plan: Plan) -> Speed:
    """The speed of this plan's cells in a store: the median over dense trials of seconds an epoch, times its epochs.

    StudyError if the store has no dense trial that says how long it took.
    """
    paces: dict[tuple[str, str], list[float]] = defaultdict(list)
    parameters: dict[str, int] = {}
    vendors = set()
    for record in commits(root):
        facts, settings = record.facts, record.settings
        if record.origin == "trial" and settings["method"] == "dense" and facts.seconds and facts.epochs:
            paces[settings["task"], settings["model"]].append(facts.seconds / facts.epochs)
            vendors.add(facts.device_vendor or "unknown")
        if facts.parameters:
            parameters[settings["model"]] = facts.parameters
    if not paces:
        raise StudyError(f"{root} has no dense trial that was measured; run some, or give --seconds-per-unit")
    epochs = {(spec.task, spec.model): spec.training.epochs for spec in plan.trials if spec.is_dense}
    longest = max(epochs.values())
    seconds = {cell: statistics.median(values) * epochs.get(cell, longest) for cell, values in paces.items()}
    return Speed(seconds, parameters, frozenset(vendors))


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a plan asks of any machines.

    gpu_hours, cpu_hours: occupied by trials, sum of training units x seconds a unit x GPUs or CPUs, dense trainings
    that are shared counted once. chain_hours: of the trial that can end last, its parent before it. trials, dense,
    state_bytes: by model, how many trials and how many of them dense, and what the largest checkpoint takes.
    """

    plan: Plan
    gpu_hours: float
    cpu_hours: float
    chain_hours: float
    trials: Counter[str]
    dense: Counter[str]
    state_bytes: dict[str, int]
    estimate: Estimate
    unmeasured: tuple[str, ...]

    @staticmethod
    def of(plan: Plan, speed: Speed) -> Work:
        """Trials of a cell differ in their seeds alone: each cell is looked at once."""
        cells = {spec.cell: spec for spec in plan.trials}
        seconds = {cell: _seconds(spec, speed) for cell, spec in cells.items()}
        occupied = {model.name: plan.study.occupied(model.name) for model in plan.study.models}
        state_bytes: dict[str, int] = defaultdict(int)
        for spec in cells.values():
            state_bytes[spec.model] = max(state_bytes[spec.model], _state_bytes(spec, speed))
        cpu_hours, gpu_hours = (
            sum(occupied[spec.model][place] * seconds[spec.cell] for spec in plan.trials) / 3600 for place in (0, 1)
        )
        return Work(
            plan=plan,
            gpu_hours=gpu_hours,
            cpu_hours=cpu_hours,
            chain_hours=max(_chain(spec, speed) for spec in cells.values()) / 3600,
            trials=Counter(spec.model for spec in plan.trials),
            dense=Counter(spec.model for spec in plan.trials if spec.is_dense),
            state_bytes=state_bytes,
            estimate=estimate(plan),
            unmeasured=_unmeasured(plan, speed),
        )


def footprint(work: Work, machines: Machines) -> Footprint:
    """What a plan asks of these machines. StudyError if no trial fits on them.

    Checkpoints at the peak: two of every running trial (while it replaces one by the next), and one of
    every dense parent whose children are not done, at most twice as many as trials run at once, since children are
    handed out before further parents.
    """
    hours = work.cpu_hours / (machines.nodes * machines.cpus_per_node)
    if work.gpu_hours:
        hours = max(hours, work.gpu_hours / (machines.nodes * machines.gpus_per_node or math.inf))
    hours = max(hours, work.chain_hours)
    at_once = {model.name: _at_once(work, model.name, machines) for model in work.plan.study.models}
    kept = {model: 2 * count + min(work.dense[model], 2 * count) for model, count in at_once.items()}
    found = work.estimate
    allocations = math.ceil(hours * 3600 / machines.seconds)
    checkpoints = 2 * max(kept.values())  # a folder and a file each
    beside = 2 * len(work.plan.study.tasks) + 2 * allocations + 10 + len(found.extra_bytes) * found.trials
    per_allocation = math.ceil(found.trials / allocations)
    shared = math.ceil(found.trials / TRIALS_A_SHARED_FILE)
    checkpoint_bytes = max(size * kept[model] for model, size in work.state_bytes.items())
    return Footprint(
        gpu_hours=work.gpu_hours,
        cpu_hours=work.cpu_hours,
        hours=hours,
        allocations=allocations,
        at_once=max(at_once.values()),
        files=2 * found.trials + checkpoints + beside,
        compacted_files=min(2 * found.trials, 2 * per_allocation + shared) + checkpoints + beside,
        checkpoint_bytes=checkpoint_bytes,
        store_bytes=found.store_bytes + checkpoint_bytes,
        unmeasured=work.unmeasured,
    )


def _seconds(spec: TrialSpec, speed: Speed) -> float:
    return training_units(spec) * speed.of(spec.task, spec.model)


def _chain(spec: TrialSpec, speed: Speed) -> float:
    """Seconds until a trial can have ended: it waits for its parent, and that for its own."""
    return sum(_seconds(one, speed) for one in (spec, *forebears(spec)))


def _at_once(work: Work, model: str, machines: Machines) -> int:
    """How many trials of a model run side by side where all are of it. StudyError if not even one does."""
    cpus, gpus = work.plan.study.occupied(model)
    fits = [machines.cpus_per_node / cpus] if cpus else []
    fits += [machines.gpus_per_node / gpus] if gpus else []
    on_a_node = math.floor(min(fits, default=1.0))
    if not on_a_node:
        raise StudyError(
            f"a trial of {model} asks for {cpus:g} CPUs and {gpus:g} GPUs, a node has {machines.cpus_per_node} and "
            f"{machines.gpus_per_node}; change resources.cpus or resources.gpus of the study, or --cpus-per-node or "
            "--gpus-per-node"
        )
    return min(machines.nodes * on_a_node, work.trials[model])


def _state_bytes(spec: TrialSpec, speed: Speed) -> int:
    """Weights, optimizer state and masks; what a method remembers, and the best weights so far, where these are kept.

    Of every parameter at most: a teacher's value; the sum, average and uncertainty of scores; a value that is hidden;
    and a gate with its moments. The best network so far takes along what its pruner knew.
    """
    parameters = speed.parameters.get(spec.model, MODELS[spec.architecture].parameters)
    moments, known = len(OPTIMIZERS[spec.training.optimizer].moments), 0
    gated = 0
    if not spec.is_dense:
        line = spec.method_line
        gated = bool(line.gate)
        known = 3 * ("window" in spec.method_settings) + (line.removal in ("remembered", "gated")) + gated
    taught = not spec.is_dense and spec.method_line.teacher is not None
    values = 1 + moments * (1 + gated) + known + taught + bool(spec.training.selection.best) * (1 + known)
    return parameters * (BYTES_OF_VALUE * values + BYTES_OF_MASK)


def _unmeasured(plan: Plan, speed: Speed) -> tuple[str, ...]:
    if ("", "") in speed.seconds:
        return ()
    cells = dict.fromkeys((spec.task, spec.model) for spec in plan.trials)
    return tuple(f"{task}/{model}" for task, model in cells if (task, model) not in speed.seconds)
