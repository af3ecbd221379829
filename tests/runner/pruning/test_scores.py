"""The contract of a score, for every registered one, and what each computes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from runner.methods import METHODS
from runner.pruning.masks import all_kept, shrunk
from runner.pruning.options import with_options
from runner.pruning.scores import SCORES
from runner.pruning.scores.base import Signals

WEIGHTS = {"a": torch.tensor([[1.0, -2.0], [0.5, 0.0]]), "b": torch.tensor([-3.0, 4.0, 0.25])}
GRADIENTS = {"a": torch.tensor([[0.5, 0.1], [-4.0, 9.0]]), "b": torch.tensor([0.0, -1.0, 2.0])}
FEATURES = {"a": torch.tensor([[[1.0, 2.0], [0.0, 0.0]]]), "b": torch.tensor([[[1.0, 0.0], [1.0, 0.0], [0.0, 2.0]]])}
"""Of one image, two filters and three."""


def signals(seed: int = 1, calls: list[int] | None = None, weight_decay: float = 0.0) -> Signals:
    """Fixed weights, gradients and feature maps; `calls` counts how often gradients were asked for."""

    def gradients():
        if calls is not None:
            calls.append(1)
        return GRADIENTS

    generator = torch.Generator().manual_seed(seed)
    return Signals(
        weights=WEIGHTS,
        gradients=gradients,
        learning_rate=0.1,
        weight_decay=weight_decay,
        generator=generator,
        feature_maps=lambda: [FEATURES],
    )


def told(name: str) -> Signals:
    """The same, with the memory of a score that has watched twenty such steps."""
    given = signals()
    given.memory.update(SCORES[name].start(WEIGHTS))
    for _ in range(20 if given.memory else 0):
        SCORES[name].observe(given)
    return given


@pytest.mark.parametrize("name", SCORES)
def test_every_score_keeps_its_contract(name):
    """Shapes as the weights', finite, repeatable from one generator seed, weights untouched, a reference given."""
    before = {layer: weight.clone() for layer, weight in WEIGHTS.items()}
    first, second = (SCORES[name].importance(told(name)) for _ in range(2))
    for layer, weight in WEIGHTS.items():
        assert first[layer].shape == weight.shape
        assert first[layer].isfinite().all()
        assert torch.equal(first[layer], second[layer])
        assert torch.equal(weight, before[layer])
    assert SCORES[name].reference


def test_every_method_names_a_registered_score():
    """No method asks for a score that does not exist."""
    assert {method.score for method in METHODS.values()} <= SCORES.keys()


def test_magnitude_is_the_absolute_value():
    """|w|, with no look at gradients."""
    calls: list[int] = []
    assert torch.equal(SCORES["magnitude"].importance(signals(calls=calls))["b"], torch.tensor([3.0, 4.0, 0.25]))
    assert not calls


def test_impact_is_the_absolute_product():
    """|w * g|: the sign of neither counts, and gradients are computed once."""
    calls: list[int] = []
    importance = SCORES["impact"].importance(signals(calls=calls))
    assert torch.equal(importance["a"], torch.tensor([[0.5, 0.2], [2.0, 0.0]]))
    assert torch.equal(importance["b"], torch.tensor([0.0, 4.0, 0.5]))
    assert len(calls) == 1


def test_random_depends_on_the_generator_alone():
    """Another seed gives another draw; the weights do not enter; no gradient is computed."""
    calls: list[int] = []
    one, other = (SCORES["random"].importance(signals(seed, calls)) for seed in (1, 2))
    assert not torch.equal(one["b"], other["b"])
    assert not calls


def test_independence_is_of_filters():
    """Every weight of a filter has the filter's; the same maps again are worth less than another; no gradient is
    computed."""
    calls: list[int] = []
    importance = SCORES["independence"].importance(signals(calls=calls))
    assert torch.allclose(importance["a"], torch.tensor([[5**0.5] * 2, [0, 0]], dtype=torch.float64))
    assert torch.allclose(importance["b"], torch.tensor([2**0.5 - 1, 2**0.5 - 1, 2], dtype=torch.float64))
    assert not calls


def test_gradient_is_of_the_loss_with_its_decay_unless_told_otherwise():
    """|w (g + eps w)| with eps = 0.5, and |w g|: gradients that torch takes of the whole loss say the same."""
    whole = {name: weight.clone().requires_grad_() for name, weight in WEIGHTS.items()}
    loss = sum((GRADIENTS[name] * weight).sum() + 0.25 * weight.square().sum() for name, weight in whole.items())
    loss.backward()
    decayed = SCORES["gradient"].importance(signals(weight_decay=0.5))
    for name, weight in whole.items():
        assert torch.equal(decayed[name], (weight * weight.grad).abs().detach())
    plain = with_options(SCORES["gradient"], {"loss": "plain"}).importance(signals(weight_decay=0.5))
    assert torch.equal(plain["b"], torch.tensor([0.0, 4.0, 0.5]))


def test_undecayed_takes_off_what_decay_has_put_in():
    """|-w dL/dw + eps w^2| is |w g| for the loss with its decay, as the formulas have it; with g alone it is not."""
    literal = SCORES["undecayed"].importance(signals(weight_decay=0.5))
    assert torch.allclose(literal["b"], torch.tensor([0.0, 4.0, 0.5]))
    plain = with_options(SCORES["undecayed"], {"loss": "plain"}).importance(signals(weight_decay=0.5))
    assert torch.allclose(plain["b"], torch.tensor([0 + 4.5, 4 + 8, -0.5 + 0.03125]).abs())


def test_where_the_gradient_is_that_of_a_trained_network_undecayed_is_magnitude():
    """At dL/dw = 0 weights are ranked as by |w|, whichever gradient is taken."""
    trained = dataclasses.replace(
        signals(weight_decay=0.5), gradients=lambda: {name: -0.5 * weight for name, weight in WEIGHTS.items()}
    )
    for loss in ("decayed", "plain"):
        importance = with_options(SCORES["undecayed"], {"loss": loss}).importance(trained)
        assert torch.equal(importance["b"].argsort(), WEIGHTS["b"].abs().argsort())


@pytest.mark.parametrize(("fraction", "gone"), [(0.5, 0.5), (0.9, 0.9)])
def test_what_is_asked_for_goes(fraction, gone):
    """Every score but those that repeat the errors of published code removes the fraction it was asked for."""
    for name, score in SCORES.items():
        importance = score.importance(told(name))
        ranked, share = score.removing(importance, fraction)
        assert share == gone
        assert all(torch.equal(ranked[name], importance[name]) for name in ranked)


def test_signed_scores_remove_about_half_of_what_was_asked_for():
    """Symmetric scores: what lies between -t and t, t the quantile at 1 - 1/c, leaves half the asked ratio c."""
    generator = torch.Generator().manual_seed(3)
    weights = {"a": torch.randn(400, 100, generator=generator), "b": torch.randn(10_000, generator=generator)}
    gradients = {name: torch.randn(weight.shape, generator=generator) for name, weight in weights.items()}
    given = dataclasses.replace(signals(weight_decay=5e-4), weights=weights, gradients=lambda: gradients)
    signed = with_options(SCORES["undecayed"], {"sign": "signed", "loss": "plain"})
    for ratio in (2, 4, 10, 20, 50):
        importance = signed.importance(given)
        ranked, share = signed.removing(importance, 1 - 1 / ratio)
        together = torch.cat([change.flatten() for change in importance.values()]).double()
        threshold = torch.quantile(together, 1 - 1 / ratio)
        band = (together > -threshold) & (together < threshold)
        masks = shrunk(all_kept(weights), ranked, share, "global")
        assert torch.equal(torch.cat([~mask.flatten() for mask in masks.values()]), band)
        assert 1 / (1 - share) == pytest.approx(ratio / 2, rel=0.04)


def test_independent_draws_miss_the_fraction_by_chance():
    """Every weight goes or stays by itself: the share varies as a binomial's, around what was asked for."""
    weights = {"a": torch.zeros(10_000)}
    independent = with_options(SCORES["random"], {"draw": "independent"})
    shares = []
    for seed in range(50):
        given = dataclasses.replace(signals(seed), weights=weights)
        shares.append(independent.removing(independent.importance(given), 0.9)[1])
    assert len(set(shares)) > 10
    assert sum(shares) / 50 == pytest.approx(0.9, abs=4 * 0.003 / 50**0.5)
    assert max(abs(share - 0.9) for share in shares) < 5 * 0.003


def test_averaged_scores_rank_by_windows_that_have_ended():
    """Before the first window has ended there is nothing to rank by, and what comes after the last does not count."""
    score = SCORES["pins"]
    given = signals()
    given.memory.update(score.start(WEIGHTS))
    for _ in range(9):
        score.observe(given)
    with pytest.raises(ValueError, match="after 9 steps, and this method ranks them by windows of 10 steps"):
        score.importance(given)
    score.observe(given)
    ended = score.importance(given)
    score.observe(dataclasses.replace(given, gradients=lambda: {name: 100 * value for name, value in WEIGHTS.items()}))
    assert all(torch.equal(score.importance(given)[name], values) for name, values in ended.items())


def test_the_score_of_pins_may_be_negative():
    """Eq. 11 as the text has it: what gains more by its removal than by its update lies below zero; |c| never does."""
    weights, gradients = [torch.tensor([2.0, -2.0])], [torch.tensor([3.0, 3.0])]
    for sign, expected in (("signed", [0.9 - 6, 0.9 + 6]), ("absolute", [5.1, 6.9])):
        pins: Any = with_options(SCORES["pins"], {"sign": sign})
        (found,) = pins.sensitivities(weights, gradients, 0.1)
        torch.testing.assert_close(found, torch.tensor(expected))
