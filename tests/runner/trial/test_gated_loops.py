"""Soft movement, hard concrete gates and low-rank factors against plain PyTorch that differentiates by itself."""

from __future__ import annotations

import copy
import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.func import functional_call

from .test_plain_loops import LAYERS, TARGET, same, steps_of, watched
from .test_trainer import TRAINING, trainer_of

GRADUAL = dataclasses.replace(TRAINING, epochs=4, optimizer="adamw", weight_decay=0.01, learning_rates="linear")
"""8 steps an epoch, 32 in all: the ramp of most tests goes from step 4 to step 24."""
RAMP = (("begins", 0.125), ("ends", 0.75), ("every", 1))


def ramp(step: int, begins: int = 4, ends: int = 24) -> float:
    """1 - (1 - t)^3, of which the fraction that is gone and the threshold are multiples."""
    return 1 - (1 - min(1.0, max(0.0, (step - begins) / (ends - begins)))) ** 3


def lowest_removed(scores: list[torch.Tensor], fraction: float) -> list[torch.Tensor]:
    """Masks without the round(n f) lowest of all these values, by a stable sort."""
    together = torch.cat([one.flatten() for one in scores])
    mask = torch.ones(len(together), dtype=torch.bool)
    mask[together.sort(stable=True).indices[: round(len(together) * fraction)]] = False
    return [part.view_as(one) for part, one in zip(mask.split([one.numel() for one in scores]), scores, strict=True)]


class Straight(torch.autograd.Function):
    """A mask of scores, whose gradient goes to the scores as if they were the mask."""

    @staticmethod
    def forward(ctx, scores, mask):
        return mask.to(scores.dtype)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def trained(network, used, batch, penalty=None):
    """Let torch differentiate the loss of a batch, computed with these weights."""
    loss = nn.functional.cross_entropy(functional_call(network, used, kwargs=batch.inputs), batch.targets)
    (loss if penalty is None else loss + penalty).backward()


def optimizer_of(network, gates, rate):
    """AdamW whose gates have a rate of their own and no decay."""
    groups = [{"params": list(network.parameters()), "lr": 0.02, "weight_decay": 0.01}]
    return torch.optim.AdamW([*groups, {"params": gates, "lr": rate, "weight_decay": 0.0}])


def follow(optimizer, step, rate):
    """A step at the learning rates of a line to 0, after clipping all gradients together."""
    nn.utils.clip_grad_norm_([value for group in optimizer.param_groups for value in group["params"]], 1.0)
    for group, highest in zip(optimizer.param_groups, (0.02, rate), strict=True):
        group["lr"] = highest * (1 - step / 32)
    optimizer.step()
    optimizer.zero_grad()


def equal(found, decided) -> None:
    """The same masks before every step."""
    for step, masks in decided.items():
        assert all(torch.equal(found[step][name], mask) for name, mask in zip(LAYERS, masks, strict=True)), step


def test_soft_movement_step_by_step():
    """sigmoid(S) > tau with a penalty on sigmoid(S); from the end of the ramp on exactly what was asked for goes."""
    options = (*RAMP, ("gate_rate", 0.5), ("strength", 20.0), ("threshold", 0.3))
    trainer = trainer_of("smvp", TARGET, training=GRADUAL, options=options)
    network = copy.deepcopy(trainer.network).train()
    weights = [network.get_parameter(name) for name in LAYERS]
    scores = [nn.Parameter(torch.zeros_like(weight)) for weight in weights]
    optimizer, decided, outcome = optimizer_of(network, scores, 0.5), {}, []

    def above(least):
        found = [torch.sigmoid(score) > least for score in scores]
        for mask, score in zip(found, scores, strict=True):  # half a percent of each matrix, and one weight, stay
            mask.view(-1)[score.flatten().topk(score.numel() // 200 + 1).indices] = True
        return found

    for step, rows in steps_of(trainer):
        tau = 0.3 * ramp(step)
        masks = above(tau) if step < 24 else lowest_removed([score.detach() for score in scores], TARGET)
        if step == 24:
            outcome.append(sum(int((~mask).sum()) for mask in above(tau)) / 272)
        decided[step] = masks
        used = dict(network.named_parameters())
        for name, weight, score, mask in zip(LAYERS, weights, scores, masks, strict=True):
            used[name] = weight * Straight.apply(score, mask)
        penalty = 20 * ramp(step) * sum(torch.sigmoid(score).mean() for score in scores) / 2
        trained(network, used, trainer.training_set.batch(rows), penalty)
        follow(optimizer, step, 0.5)
    found, ended = watched(trainer)
    equal(found, decided)
    assert any((~mask).any() for step in range(24) for mask in decided[step]), "the threshold removed nothing"
    same(ended, {**network.state_dict(), **products(weights, decided[31])})
    assert trainer.pruner.outcome == pytest.approx(outcome[0])
    assert outcome[0] != pytest.approx(TARGET, abs=0.005), "an outcome that is what was asked for shows no rule"


def products(weights, masks):
    """Weights and masks together, by name."""
    return {name: w.detach() * mask for name, w, mask in zip(LAYERS, weights, masks, strict=True)}


def opened(values):
    """From (0, 1) over (-0.1, 1.1), cut off at 0 and 1."""
    return (values * 1.2 - 0.1).clamp(0, 1)


def test_hard_concrete_gates_step_by_step():
    """w s with drawn s and the expected number of open gates in the loss; then exactly what was asked for is closed."""
    options = (("ends", 0.75), ("gate_rate", 0.5), ("strength", 20.0))
    trainer = trainer_of("l0", TARGET, training=GRADUAL, options=options)
    network = copy.deepcopy(trainer.network).train()
    weights = [network.get_parameter(name) for name in LAYERS]
    locations = [nn.Parameter(torch.full_like(weight, math.log(9))) for weight in weights]
    optimizer, masks = optimizer_of(network, locations, 0.5), []
    outcome = 0.0
    for step, rows in steps_of(trainer):
        if step == 24:
            closed = [opened(torch.sigmoid(a.detach())) == 0 for a in locations]
            outcome = sum(int(one.sum()) for one in closed) / 272
            masks = lowest_removed([a.detach() for a in locations], TARGET)
            highest = max(float(a.detach()[~mask].max()) for a, mask in zip(locations, masks, strict=True))
            for weight, a, mask in zip(weights, locations, masks, strict=True):
                weight.data *= opened(torch.sigmoid(a.detach() - highest + math.log(1 / 11)))
                assert (weight[~mask] == 0).all()
                weight.data *= mask
        used, penalty = dict(network.named_parameters()), None
        if step < 24:
            for name, weight, a in zip(LAYERS, weights, locations, strict=True):
                u = torch.rand_like(weight).clamp(1e-4, 1 - 1e-4)
                used[name] = weight * opened(torch.sigmoid((u.log() - (1 - u).log() + a) / (2 / 3)))
            chances = [torch.sigmoid(a - 2 / 3 * math.log(0.1 / 1.1)).mean() for a in locations]
            penalty = 20 * sum(chances) / 2
        else:
            used.update(zip(LAYERS, (w * m for w, m in zip(weights, masks, strict=True)), strict=True))
        trained(network, used, trainer.training_set.batch(rows), penalty)
        if step >= 24:
            for a in locations:
                a.grad = None
        follow(optimizer, step, 0.5)
    found, ended = watched(trainer)
    equal(found, {24: masks, 31: masks})
    same(ended, {**network.state_dict(), **products(weights, masks)})
    assert trainer.pruner.outcome == pytest.approx(outcome)
    assert 0 < outcome < 1


def test_what_answers_has_the_gates_that_are_not_drawn():
    """Between two steps the network holds w min(1, max(0, 1.2 sigmoid(a) - 0.1)), whatever the step has drawn."""
    trainer = trainer_of("l0", TARGET, training=GRADUAL, options=(("gate_rate", 0.5),))
    trainer.train(lambda moment: moment.step < 6)
    for name, weight in trainer.pruner.weights.items():
        value = trainer.pruner.masked.memory[name] * opened(torch.sigmoid(trainer.pruner.gates[name].detach()))
        torch.testing.assert_close(weight.detach(), value)


def test_low_rank_step_by_step():
    """W0 + U V under the highest |W| + A B + R + C of each matrix, straight through; the classifier trains too."""
    trainer = trainer_of("pst", TARGET, training=GRADUAL, options=(*RAMP, ("rank", 3)))
    network = copy.deepcopy(trainer.network).train().requires_grad_(False)
    network.classifier.requires_grad_(True)
    first = [network.get_parameter(name).detach().clone() for name in LAYERS]
    factors = [
        {part: nn.Parameter(trainer.pruner.gates[f"{name}.{part}"].detach().clone()) for part in "UVABRC"}
        for name in LAYERS
    ]
    assert all(not part.any() for one in factors for key, part in one.items() if key not in "UA")
    everything = [*network.classifier.parameters(), *(part for one in factors for part in one.values())]
    optimizer = torch.optim.AdamW(everything, lr=0.02, weight_decay=0.01)
    decided: dict[int, Any] = {}
    used: dict[str, Any] = {}

    def compute(step):
        decided[step] = []
        for name, w0, f in zip(LAYERS, first, factors, strict=True):
            weight = w0 + f["U"] @ f["V"]
            scores = weight.abs() + f["A"] @ f["B"] + f["R"] + f["C"]
            (mask,) = lowest_removed([scores.detach()], TARGET * ramp(step))
            decided[step].append(mask)
            used[name] = weight * Straight.apply(scores, mask)

    for step, rows in steps_of(trainer):
        compute(step)
        trained(network, {**dict(network.named_parameters()), **used}, trainer.training_set.batch(rows))
        nn.utils.clip_grad_norm_(everything, 1.0)
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / 32)
        optimizer.step()
        optimizer.zero_grad()
    found, ended = watched(trainer)
    equal(found, decided)
    made = [w0 + (f["U"] @ f["V"]).detach() for w0, f in zip(first, factors, strict=True)]
    same(ended, {**network.state_dict(), **products(made, decided[31])})
    assert any(part.abs().max() > 0 for one in factors for key, part in one.items() if key == "V")


def test_what_always_stays_cannot_be_asked_for():
    """Half a percent of every matrix stays under soft movement: more than the rest is refused by a line."""
    trainer = trainer_of("smvp", 0.998, training=GRADUAL, options=(("gate_rate", 0.5),))
    with pytest.raises(
        ValueError, match=r"2 of them, some in every layer, always stay; allowed: sparsities up to 0\.99"
    ):
        trainer.train(lambda moment: True)
