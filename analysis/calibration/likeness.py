"""A simulated world like a store's own: as many seeds, examples and classes, as right, and as unsure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.calibration.experiments import Setting
from analysis.calibration.worlds import WORLDS, Examples, Size, World, simulate
from analysis.relations.database import Database
from analysis.statistics.answers import Answers, Panel, panels

MOST_EXAMPLES = 2_000
MOST_CLASSES = 10
TRIAL = Size(seeds=6, experiments=4)
SAMPLE = 500
LEADS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.1, 1.5, 2.0, 3.0)
SHARES = (0.0, 0.05, 0.15, 0.3, 0.5, 0.75)
PAIRS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
HALVINGS = 12
KINDS = ("null", "noisier", "steadier, small shift", "shift")
"""The worlds of WORLDS whose shift and wear the store's world is given in turn."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What is seen of a model's dense seeds, and of its mildest pruned cell beside them.

    accuracy: mean over seeds; spread: standard deviation of it; disagreement: of two seeds' answers; pairing:
    disagreement of a dense and a pruned model of one seed, by that of two seeds.
    """

    accuracy: float
    spread: float
    disagreement: float
    pairing: float


def settings_like(connection: Database) -> Iterator[tuple[str, Setting]]:
    """For each task and model with two dense seeds: its name, and its world as null, noisier, steadier and shifted.

    At most MOST_EXAMPLES examples and MOST_CLASSES classes. Label sets are simulated as classes: two, right or not.
    """
    seen: set[tuple[str, str]] = set()
    for panel in panels(connection):
        if panel.dense is None or len(panel.dense.seeds) < 2 or panel.gold is None or not panel.pruned:
            continue
        shared = [cell for cell in panel.pruned if len(np.intersect1d(panel.dense.seeds, cell.seeds)) > 1]
        if (panel.task, panel.model) in seen or not shared or (panel.gold < 0).all():
            continue
        seen.add((panel.task, panel.model))
        mildest = min(shared, key=lambda cell: cell.sparsity)
        look = look_of(panel, panel.dense, mildest)
        classes = 2 if panel.sets is not None else int(np.clip(panel.gold.max() + 1, 2, MOST_CLASSES))
        world = like(look, classes)
        seeds = len(np.intersect1d(panel.dense.seeds, mildest.seeds))
        for kind in KINDS:
            told = replace(world, name=kind, shift=WORLDS[kind].shift, noise_factor=WORLDS[kind].noise_factor)
            examples = min(len(panel.example_ids), MOST_EXAMPLES)
            yield f"{panel.task}, {panel.model}", Setting(world=told, seeds=seeds, examples=examples)


def look_of(panel: Panel, dense: Answers, pruned: Answers) -> Observed:
    """What a panel shows; of examples with a gold label."""
    assert panel.gold is not None
    known = panel.gold >= 0
    right = (dense.codes == panel.gold)[:, known].mean(axis=1)
    first, second = (one.codes[:, known] for one in (dense, pruned))
    apart = _between(first, second)
    same = np.mean([np.mean(first[i] != second[j]) for i, j in _paired(dense, pruned)] or [0.0])
    return Observed(
        accuracy=float(right.mean()),
        spread=float(right.std(ddof=1)),
        disagreement=_within(first),
        pairing=float(same / apart) if apart > 0 else 1.0,
    )


def like(look: Observed, classes: int) -> World:
    """The world whose simulated look comes closest: lead and noise first, then what seeds share, then their pairs."""
    plain = min(
        (_as_unsure(World(name="like the store", classes=classes, lead=lead), look) for lead in LEADS),
        key=lambda world: abs(_seen(world).accuracy - look.accuracy),
    )
    shared = min(
        (replace(plain, own=plain.own * (1 - share) ** 0.5, shared=plain.own * (share / 3) ** 0.5) for share in SHARES),
        key=lambda world: abs(_seen(world).spread - look.spread),
    )
    return min(
        (replace(shared, pairs=pairs) for pairs in PAIRS), key=lambda world: abs(_seen(world).pairing - look.pairing)
    )


def _as_unsure(world: World, look: Observed) -> World:
    """The world with so much noise that two of its seeds disagree as often as two of the store's."""
    low, high = 0.02, 20.0
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        if _seen(replace(world, own=middle)).disagreement < look.disagreement:
            low = middle
        else:
            high = middle
    return replace(world, own=(low * high) ** 0.5)


def _seen(world: World) -> Observed:
    """The look of a null world, from a few simulated studies; the same random numbers for every world."""
    random = np.random.default_rng(0)
    found = simulate(world, Examples.of(world, SAMPLE, random), TRIAL, random)
    looks = [look_of(panel, panel.dense, panel.pruned[0]) for panel in map(found.panel, range(TRIAL.experiments))
             if panel.dense is not None]  # fmt: skip
    names = ("accuracy", "spread", "disagreement", "pairing")
    return Observed(**{name: float(np.mean([getattr(look, name) for look in looks])) for name in names})


def _within(codes: np.ndarray) -> float:
    pairs = [np.mean(codes[i] != codes[j]) for i in range(len(codes)) for j in range(i)]
    return float(np.mean(pairs))


def _between(first: np.ndarray, second: np.ndarray) -> float:
    pairs = [np.mean(one != other) for i, one in enumerate(first) for j, other in enumerate(second) if i != j]
    return float(np.mean(pairs)) if pairs else 0.0


def _paired(dense: Answers, pruned: Answers) -> list[tuple[int, int]]:
    """Places of the seeds that both have."""
    _, first, second = np.intersect1d(dense.seeds, pruned.seeds, return_indices=True)
    return list(zip(first.tolist(), second.tolist(), strict=True))
