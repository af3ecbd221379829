"""Simulated studies whose truth is known: what seeds answer where pruning does nothing, or a stated something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Panel
from runner.methods import DENSE

Answered = NDArray[np.int8]
"""[experiment, seed, example]: the class that a seed answers."""
FACTORS = 3
OWN = 0.7
LEAD = 0.8


@dataclass(frozen=True, kw_only=True)
class World:
    """How answers come about: a seed answers the class of the highest margin, of which noise is a part.

    shared: how strongly a seed's noise is one for all examples (factors with loadings); own: noise of each answer.
    lead: how far the gold class is ahead of the others. pairs: correlation of the noise of the dense and the pruned
    model of one seed. shift: how far pruning moves the margins, up for some examples and down for others. noise_factor:
    by what pruning multiplies the noise of an answer.
    """

    name: str
    classes: int = 2
    lead: float = LEAD
    shared: float = 0.0
    own: float = OWN
    pairs: float = 0.0
    shift: float = 0.0
    noise_factor: float = 1.0

    @property
    def is_null(self) -> bool:
        """Pruning changes nothing: a dense and a pruned model of a seed may change places."""
        return self.shift == 0 and self.noise_factor == 1


WORLDS: dict[str, World] = {
    world.name: world
    for world in (
        World(name="null"),
        World(name="null, shared noise", shared=0.3),
        World(name="null, strong shared noise", shared=1.0),
        World(name="null, pairs", shared=0.3, pairs=0.8),
        World(name="noisier", shared=0.3, noise_factor=2.0),
        World(name="steadier, small shift", shared=0.3, shift=0.4, noise_factor=0.6),
        World(name="shift", shared=0.3, shift=0.8),
        World(name="ten classes", classes=10, shared=0.3),
        World(name="ten classes, shift", classes=10, shared=0.3, shift=0.8),
    )
}


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The examples of one world: margins[example, class], and by how much they are moved and share noise."""

    gold: NDArray[np.int8]
    margins: NDArray[np.float32]
    effect: NDArray[np.float32]
    loadings: NDArray[np.float32]

    @staticmethod
    def of(world: World, count: int, random: np.random.Generator) -> Examples:
        """So many examples; with two classes the margin is that of the second, else one a class, the gold one ahead."""
        width = 1 if world.classes == 2 else world.classes
        margins = random.normal(size=(count, width)).astype(np.float32)
        gold = random.integers(0, world.classes, count).astype(np.int8)
        if width == 1:
            margins[:, 0] += np.where(gold == 1, world.lead, -world.lead)
        else:
            margins[np.arange(count), gold] += 3 * world.lead
        return Examples(
            gold=gold,
            margins=margins,
            effect=random.normal(size=(count, width)).astype(np.float32) * world.shift,
            loadings=random.normal(size=(FACTORS, count, width)).astype(np.float32) * world.shared,
        )


@dataclass(frozen=True, kw_only=True)
class Experiments:
    """Independent repetitions of one study: what its dense seeds answered, and those of every pruned method."""

    gold: NDArray[np.int8]
    dense: Answered
    pruned: tuple[Answered, ...]

    def panel(self, number: int) -> Panel:
        """One repetition as the statistics read it; its methods are called method-0, ..."""
        dense, *pruned = (
            Answers(
                method=name,
                sparsity=0.0 if name == DENSE else 0.5,
                seeds=np.arange(answered.shape[1]),
                codes=answered[number].astype(np.int32),
            )
            for name, answered in self._cells()
        )
        return Panel(
            task="world",
            split="test",
            model="simulated",
            sets=None,
            example_ids=np.arange(len(self.gold), dtype=np.int32),
            dense=dense,
            pruned=tuple(pruned),
            gold=self.gold.astype(np.int32),
        )

    @property
    def gold_answers(self) -> Answers:
        """The gold classes as one more seed's answers."""
        return Answers(method="gold", sparsity=0.0, seeds=np.zeros(1, np.int64), codes=self.gold[None].astype(np.int32))

    def _cells(self) -> list[tuple[str, Answered]]:
        return [(DENSE, self.dense), *((f"method-{place}", answered) for place, answered in enumerate(self.pruned))]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a study is, and how many pruned methods of one kind it has."""

    seeds: int
    experiments: int
    methods: int = 1


def simulate(world: World, examples: Examples, size: Size, random: np.random.Generator) -> Experiments:
    """Run a study again and again on the same examples, with new seeds each time."""
    dense: list[Answered] = []
    pruned: list[list[Answered]] = [[] for _ in range(size.methods)]
    own = np.float32((1 - world.pairs**2) ** 0.5)
    for _ in range(size.experiments):
        noise = _noise(world, examples, size.seeds, random)
        dense.append(_answers(examples.margins + noise))
        for answered in pruned:
            twin = np.float32(world.pairs) * noise + own * _noise(world, examples, size.seeds, random)
            moved = examples.margins + examples.effect + np.float32(world.noise_factor) * twin
            answered.append(_answers(moved.astype(np.float32, copy=False)))
    return Experiments(gold=examples.gold, dense=np.stack(dense), pruned=tuple(np.stack(one) for one in pruned))


def _noise(world: World, examples: Examples, seeds: int, random: np.random.Generator) -> NDArray[np.float32]:
    """[seed, example, class]: own noise of every answer, and factors that all answers of a seed share."""
    found: NDArray[np.float32] = random.standard_normal((seeds, *examples.margins.shape), np.float32)
    found *= np.float32(world.own)
    if world.shared:
        factors = random.standard_normal((seeds, FACTORS), np.float32)
        found += np.tensordot(factors, examples.loadings, axes=1)
    return found


def _answers(margins: NDArray[np.float32]) -> Answered:
    if margins.shape[-1] == 1:
        return (margins[..., 0] > 0).astype(np.int8)
    return np.asarray(margins.argmax(axis=-1), np.int8)
