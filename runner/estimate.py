"""Estimate what a plan amounts to: trials, training, rows and bytes; no torch, and no data is read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.extras import EXTRAS, Planned
from runner.models import MODELS
from runner.plan import Plan, canaries, training_units
from runner.spec import TrialSpec
from runner.studies.grid import Block, GridCell, cells_of
from tasks import TASKS
from tasks.base import SPLITS, Split, TaskChoice
from tasks.choices import kind_of
from tasks.kinds import KINDS

BYTES_PER_PREDICTION = 0.2
BYTES_PER_TRIAL = 5_000
BYTES_PER_TOKEN = 2.0
SHARE_OF_MAX_TOKENS = 0.4


@dataclass(frozen=True, kw_only=True)
class BlockEstimate:
    """What one block of a study's grid amounts to by itself, dense models and references of its own included.

    shared_trials, shared_units: what of that blocks before it have too, and which counts once.
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    methods: tuple[str, ...]
    sparsities: tuple[float, ...]
    seeds: int
    trials: int
    dense: int
    pruned: int
    references: int
    training_units: int
    shared_trials: int
    shared_units: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a plan amounts to.

    A training unit is one dense training's epochs. `training_units_naive` counts every trial alone,
    `training_units` the dense training that iterative methods share only once. `rows` holds predictions by split;
    `unsized` names tasks whose sizes are known only once they are loaded, and which `rows` and `store_bytes` leave out.
    `canary` counts the copies that are run on every vendor's devices: how many vendors there are, only a cluster knows.
    `probability_bytes` is what class probabilities take, a part of `store_bytes` only if the study records them; of
    data whose classes are known only once it is loaded, those of two. `blocks` says of each block of the grid what it
    amounts to: the one of a study that has no `grid` is the whole. `extra_bytes` is what each extra takes that trials
    keep, a part of `store_bytes`; networks are counted as large as with their family's defaults.
    """

    trials: int
    dense: int
    pruned: int
    references: int = 0
    training_units: int
    training_units_naive: int
    rows: dict[str, int]
    store_bytes: int
    probability_bytes: int
    unsized: tuple[str, ...] = ()
    canary: int = 0
    blocks: tuple[BlockEstimate, ...] = ()
    extra_bytes: dict[str, int] = field(default_factory=dict)


def estimate(plan: Plan) -> Estimate:
    """What the plan amounts to, from declared sizes and, for a user's own files, their row counts.

    store_bytes = 0.2 per prediction (ids delta-encoded, labels packed) + 4 per recorded probability
    + 4 per EL2N score + what extras say of themselves
    + 5,000 per trial (Parquet footer, commit record, line of the plan)
    + the texts, compressed: 2 per token, at 0.4 of the longest length.
    """
    study = plan.study
    sizes = {choice.name: split_sizes(choice) for choice in study.tasks}
    trials_of_task = Counter(spec.task for spec in plan.trials)
    dense_of_task = Counter(spec.task for spec in plan.trials if spec.is_dense)
    dense = dense_of_task.total()
    extras = _extra_bytes(plan)
    references = sum(not spec.is_dense and not spec.sparsity for spec in plan.trials)
    rows: dict[str, int] = {
        split: sum(trials_of_task[task] * size.get(split, 0) for task, size in sizes.items())
        for split in study.record.splits
    }
    return Estimate(
        trials=len(plan.trials),
        dense=dense,
        pruned=len(plan.trials) - dense - references,
        references=references,
        training_units=round(sum(training_units(spec) for spec in plan.trials)),
        training_units_naive=round(sum(training_units(spec, shared=False) for spec in plan.trials)),
        rows=rows,
        store_bytes=_store_bytes(plan, sizes, rows, dense_of_task) + sum(extras.values()),
        probability_bytes=_probability_bytes(plan, sizes),
        unsized=tuple(name for name, size in sizes.items() if not size),
        canary=len(canaries(plan.trials, study.canary, lambda _: ("cpu",))),
        blocks=_block_estimates(plan),
        extra_bytes=extras,
    )


def _block_estimates(plan: Plan) -> tuple[BlockEstimate, ...]:
    """Each block by itself, in the order of the grid."""
    study = plan.study
    references = [reference.name for reference in study.references]
    trials: dict[GridCell, list[TrialSpec]] = defaultdict(list)
    for spec in plan.trials:
        trials[GridCell(*spec.cell)].append(spec)
    before: set[GridCell] = set()
    found = []
    for block in study.blocks:
        cells = cells_of([block], references)
        found.append(
            _block_estimate(block, [trials[cell] for cell in cells], [trials[cell] for cell in before & {*cells}])
        )
        before |= {*cells}
    return tuple(found)


def _block_estimate(block: Block, cells: list[list[TrialSpec]], known: list[list[TrialSpec]]) -> BlockEstimate:
    """A block with these cells' trials, of which blocks before it have those of the known cells."""
    trials, shared = ([spec for cell in group for spec in cell] for group in (cells, known))
    dense = sum(spec.is_dense for spec in trials)
    pruned = sum(spec.sparsity > 0 for spec in trials)
    return BlockEstimate(
        tasks=block.tasks,
        models=block.models,
        methods=block.methods,
        sparsities=block.sparsities,
        seeds=len({spec.seed for spec in trials}),
        trials=len(trials),
        dense=dense,
        pruned=pruned,
        references=len(trials) - dense - pruned,
        training_units=round(sum(training_units(spec) for spec in trials)),
        shared_trials=len(shared),
        shared_units=round(sum(training_units(spec) for spec in shared)),
    )


def split_sizes(choice: TaskChoice) -> dict[Split, int]:
    """Split -> examples after limits; empty where only loading the data can tell."""
    registered = TASKS.get(choice.name)
    sizes: Mapping[Split, int] = {}
    if registered and registered.sizes:
        sizes = registered.sizes_of(choice)
    elif choice.train is not None:
        from tasks.files import row_counts

        sizes = row_counts(choice)
    return {split: min(sizes[split], choice.limit.get(split, sizes[split])) for split in SPLITS if sizes.get(split)}


def _store_bytes(
    plan: Plan, sizes: Mapping[str, Mapping[Split, int]], rows: Mapping[str, int], dense_of_task: Mapping[str, int]
) -> int:
    record = plan.study.record
    total = BYTES_PER_PREDICTION * sum(rows.values()) + BYTES_PER_TRIAL * len(plan.trials)
    for choice in plan.study.tasks:
        size = sizes[choice.name]
        registered = TASKS.get(choice.name)
        length = choice.max_tokens or (registered.max_tokens if registered else 128)
        total += BYTES_PER_TOKEN * SHARE_OF_MAX_TOKENS * length * sum(size.values())
        if record.el2n and KINDS[kind_of(choice)].has_classes:
            total += 4 * size.get("train", 0) * dense_of_task[choice.name]
    return round(total) + (_probability_bytes(plan, sizes) if record.probabilities else 0)


def _extra_bytes(plan: Plan) -> dict[str, int]:
    """Extra -> what all trials keep of it."""
    found = dict.fromkeys(plan.study.record.resolve().extras, 0.0)
    for spec in plan.trials:
        network = MODELS[spec.architecture]
        whole = network.prunable if spec.base == "prunable" else network.parameters
        planned = Planned(
            parameters=network.parameters,
            prunable=network.prunable,
            layers=network.layers,
            removed=min(spec.sparsity * whole, network.prunable),
        )
        for name in found:
            found[name] += EXTRAS[name].bytes(planned)
    return {name: round(count) for name, count in found.items()}


def _probability_bytes(plan: Plan, sizes: Mapping[str, Mapping[Split, int]]) -> int:
    """Four a class and prediction: they hardly compress."""
    total = 0
    trials_of_task = Counter(spec.task for spec in plan.trials)
    for choice in plan.study.tasks:
        kind = KINDS[kind_of(choice)]
        if not kind.has_classes or kind.reads != "text":
            continue
        registered = TASKS.get(choice.name)
        classes = (registered.class_count if registered else None) or 2
        recorded = sum(sizes[choice.name].get(split, 0) for split in plan.study.record.splits)
        total += 4 * classes * recorded * trials_of_task[choice.name]
    return total
