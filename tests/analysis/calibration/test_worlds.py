"""Simulated worlds are what their names say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.calibration.worlds import OWN, WORLDS, Examples, Size, World, simulate


def world(name: str, experiments: int = 400, seeds: int = 4, examples: int = 60):
    """A world's answers on a few examples, and the examples."""
    random = np.random.default_rng(3)
    chosen = Examples.of(WORLDS[name], examples, random)
    return chosen, simulate(WORLDS[name], chosen, Size(seeds=seeds, experiments=experiments), random)


def test_a_seed_answers_by_its_margin_and_noise() -> None:
    """Without shared noise the share of class 1 is the normal chance that margin and own noise are above zero."""
    examples, found = world("null")
    expected = stats.norm.cdf(examples.margins[:, 0] / OWN)
    shares = found.dense.mean(axis=(0, 1))
    assert np.abs(shares - expected).max() < 5 * 0.5 / np.sqrt(4 * 400)
    assert found.dense.dtype == np.int8


@pytest.mark.parametrize("name", [name for name, world in WORLDS.items() if world.is_null])
def test_pruning_does_nothing_in_a_null_world(name: str) -> None:
    """Dense and pruned answers have the same shares on every example."""
    _, found = world(name, experiments=800)
    moved = (found.dense == found.gold).mean(axis=(0, 1)) - (found.pruned[0] == found.gold).mean(axis=(0, 1))
    assert np.abs(moved).max() < 4.5 * np.sqrt(0.5 / (4 * 800))


def test_shared_noise_moves_the_accuracy_of_a_whole_seed() -> None:
    """The accuracies of seeds vary more than independent answers would, the more so the stronger what they share."""
    spreads = [
        (found.dense == found.gold).mean(axis=2).std()
        for found in (
            world(name, examples=400)[1] for name in ("null", "null, shared noise", "null, strong shared noise")
        )
    ]
    assert spreads[0] < spreads[1] < spreads[2]
    assert spreads[0] == pytest.approx(0.02, abs=0.004)


def test_pairs_agree_more_than_strangers() -> None:
    """A dense and a pruned model of one seed agree more than those of two seeds."""
    _, found = world("null, pairs")
    paired = (found.dense != found.pruned[0]).mean()
    strangers = (found.dense != np.roll(found.pruned[0], 1, axis=1)).mean()
    assert paired < 0.6 * strangers


def test_wear_and_shift_change_what_pruned_models_answer() -> None:
    """Noisier models agree less among themselves, steadier ones more; a shift moves single examples either way."""

    def agreement(answers: np.ndarray) -> float:
        return float((answers[:, 0] == answers[:, 1]).mean())

    for name, sign in (("noisier", -1), ("steadier, small shift", 1)):
        _, found = world(name)
        assert sign * (agreement(found.pruned[0]) - agreement(found.dense)) > 0.05
    _, found = world("shift")
    moved = found.pruned[0].mean(axis=(0, 1)) - found.dense.mean(axis=(0, 1))
    assert moved.min() < -0.2 < 0.2 < moved.max()


def test_ten_classes_and_a_further_method() -> None:
    """All classes are answered, panels have a cell a method, and a further method differs by its noise alone."""
    random = np.random.default_rng(5)
    chosen = Examples.of(WORLDS["ten classes"], 200, random)
    found = simulate(WORLDS["ten classes"], chosen, Size(seeds=3, experiments=5, methods=2), random)
    panel = found.panel(2)
    assert set(np.unique(found.dense)) == set(range(10))
    assert [cell.method for cell in panel.pruned] == ["method-0", "method-1"]
    assert (panel.pruned[1].codes == found.pruned[1][2]).all()
    assert (found.gold_answers.codes[0] == chosen.gold).all()
    assert (found.pruned[0] == found.gold).mean() == pytest.approx((found.pruned[1] == found.gold).mean(), abs=0.05)


def test_the_same_generator_gives_the_same_world() -> None:
    """A world is a function of its generator."""
    one, two = (world("shift")[1] for _ in range(2))
    assert (one.dense == two.dense).all()
    assert (one.pruned[0] == two.pruned[0]).all()
    assert isinstance(WORLDS["shift"], World)
