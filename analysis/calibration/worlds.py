"""Simulated studies whose truth is known: what seeds answer where pruning does nothing, or a stated something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Panel

Answered = NDArray[np.int8]
"""[experiment, seed, example]: the class that a seed answers."""
FACTORS = 3
OWN = 0.7
GOLD = 0.8


@dataclass(frozen=True, kw_only=True)
class World:
    """How answers come about: a seed answers the class of the highest margin, of which noise is a part.

    shared: how strongly a seed's noise is one for all examples (factors with loadings); own: noise of each answer.
    pairs: correlation of the noise of the dense and the pruned model of one seed. shift: how far pruning moves the
    margins, up for some examples and down for others. wear: by what pruning multiplies the noise of an answer.
    """

    name: str
    classes: int = 2
    shared: float = 0.0
    own: float = OWN
    pairs: float = 0.0
    shift: float = 0.0
    wear: float = 1.0

    @property
    def is_null(self) -> bool:
        """Pruning changes nothing: a dense and a pruned model of a seed may change places."""
        return self.shift == 0 and self.wear == 1


WORLDS: dict[str, World] = {
    world.name: world
    for world in (
        World(name="null"),
        World(name="null, shared noise", shared=0.3),
        World(name="null, strong shared noise", shared=1.0),
        World(name="null, pairs", shared=0.3, pairs=0.8),
        World(name="noisier", shared=0.3, wear=2.0),
        World(name="steadier, small shift", shared=0.3, shift=0.4, wear=0.6),
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
            margins[:, 0] += np.where(gold == 1, GOLD, -GOLD)
        else:
            margins[np.arange(count), gold] += 3 * GOLD
        return Examples(
            gold=gold,
            margins=margins,
            effect=random.normal(size=(count, width)).astype(np.float32) * world.shift,
            loadings=random.normal(size=(FACTORS, count, width)).astype(np.float32) * world.shared,
        )


@dataclass(frozen=True, kw_only=True)
class Experiments:
    """Independent repetitions of one study: what its dense and its pruned seeds answered."""

    gold: NDArray[np.int8]
    dense: Answered
    pruned: Answered

    def panel(self, number: int, *others: Answered) -> Panel:
        """One repetition as the statistics read it: the method `pruned`, and `other-0`, ... for further cells."""
        cells = [self.dense[number], self.pruned[number], *(other[number] for other in others)]
        names = ["dense", "pruned", *(f"other-{place}" for place in range(len(others)))]
        made = [
            Answers(
                method=name,
                sparsity=0.0 if name == "dense" else 0.5,
                seeds=np.arange(len(codes)),
                codes=codes.astype(np.int32),
            )
            for name, codes in zip(names, cells, strict=True)
        ]
        ids = np.arange(len(self.gold), dtype=np.int32)
        first, *pruned = made
        return Panel(
            task="world", split="test", model="simulated", sets=None, example_ids=ids, dense=first, pruned=tuple(pruned)
        )


def simulate(
    world: World, examples: Examples, seeds: int, experiments: int, random: np.random.Generator
) -> Experiments:
    """Run a study so many times on the same examples, with new seeds each time."""
    dense, pruned = [], []
    for _ in range(experiments):
        noise, twin = (_noise(world, examples, seeds, random) for _ in range(2))
        twin = world.pairs * noise + np.float32((1 - world.pairs**2) ** 0.5) * twin
        dense.append(_answers(examples.margins + noise))
        pruned.append(_answers(examples.margins + examples.effect + np.float32(world.wear) * twin))
    return Experiments(gold=examples.gold, dense=np.stack(dense), pruned=np.stack(pruned))


def further(world: World, examples: Examples, seeds: int, experiments: int, random: np.random.Generator) -> Answered:
    """A second pruned method of the same kind on the same examples, with noise of its own."""
    noise = (np.float32(world.wear) * _noise(world, examples, seeds, random) for _ in range(experiments))
    return np.stack([_answers(examples.margins + examples.effect + one) for one in noise])


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
