"""PINS, PLATON and gradual magnitude with revisable masks against loops of plain PyTorch written from the formulas."""

from __future__ import annotations

import copy
import dataclasses
import math

import pytest
import torch
from torch import nn

from .test_plain_loops import same, steps_of, watched
from .test_trainer import TRAINING, dense_network, looked_at, trainer_of

GRADUAL = dataclasses.replace(
    TRAINING, epochs=4, optimizer="adamw", weight_decay=0.01, warmup_epochs=0.5, learning_rates="linear"
)
"""8 steps an epoch, 32 in all: with warm-up over 4 and decay to 0."""
LAYERS = ("first.weight", "first.bias", "second.weight", "second.bias")
TARGET = 0.7
RAMP = (("begins", 0.125), ("ends", 0.75), ("every", 3))
WINDOWS = (*RAMP, ("window", 3), ("beta1", 0.85), ("beta2", 0.95))


def rate_of(step: int) -> float:
    """The learning rate of a step."""
    return 0.02 * min(1.0, (step + 1) / 4) * (1 - step / 32)


def gone_after(step: int) -> float | None:
    """The cubic ramp from step 4 to step 24, at every third step of it, and at every step from there on."""
    if step >= 24:
        return TARGET
    return TARGET - TARGET * (1 - (step - 4) / 20) ** 3 if step >= 4 and (step - 4) % 3 == 0 else None


def lowest_removed(importance: dict[str, torch.Tensor], fraction: float) -> dict[str, torch.Tensor]:
    """Masks without the round(n f) lowest of all layers' values, by a stable sort."""
    together = torch.cat([importance[name].flatten() for name in LAYERS])
    mask = torch.ones(len(together), dtype=torch.bool)
    mask[together.sort(stable=True).indices[: round(len(together) * fraction)]] = False
    parts = mask.split([importance[name].numel() for name in LAYERS])
    return {name: part.view_as(importance[name]) for name, part in zip(LAYERS, parts, strict=True)}


class Averages:
    """The two averages over windows of three steps, as lists of all that was seen."""

    def __init__(self) -> None:
        self.windows: list[dict[str, torch.Tensor]] = []
        self.seen: list[dict[str, torch.Tensor]] = []

    def see(self, sensitivities: dict[str, torch.Tensor]) -> None:
        """A step; every third ends a window, whose mean is kept."""
        self.seen.append(sensitivities)
        if len(self.seen) == 3:
            self.windows.append({name: sum(one[name] for one in self.seen) / 3 for name in LAYERS})
            self.seen = []

    def score(self, beta2: float) -> dict[str, torch.Tensor]:
        """I U of all windows, from the first one on; I alone where beta2 is 1."""
        found = {}
        for name in LAYERS:
            importance, uncertainty = torch.zeros(()), torch.zeros(())
            for window in self.windows:
                importance = 0.85 * importance + (1 - 0.85) * window[name]
                uncertainty = beta2 * uncertainty + (1 - beta2) * (window[name] - importance).abs()
            found[name] = importance if beta2 == 1 else importance * uncertainty
        return found


def plain_loop(trainer, sensitivity=None, beta2=0.95, sees="before", loss_of=None, look=lambda step, network: None):
    """Train from the trainer's step 0: (masks after every decision, weights in the end)."""
    network = copy.deepcopy(trainer.network)
    weights = {name: network.get_parameter(name) for name in LAYERS}
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.02, weight_decay=0.01)
    averages, masks, decided = Averages(), {}, {}

    def decide(step):
        if (fraction := gone_after(step)) is not None:
            ranked = averages.score(beta2) if sensitivity else {n: w.detach().abs() for n, w in weights.items()}
            masks.update(lowest_removed(ranked, fraction) if fraction else {})
            for name, mask in masks.items():
                weights[name].data[~mask] = 0
        decided[step] = dict(masks)

    for step, rows in steps_of(trainer):
        decide(step)
        look(step, network)
        batch = trainer.training_set.batch(rows)
        optimizer.zero_grad()
        made = network.train()(**batch.inputs)
        (loss_of(made, batch) if loss_of else nn.functional.cross_entropy(made, batch.targets)).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        before = {name: weight.detach().clone() for name, weight in weights.items()}
        optimizer.param_groups[0]["lr"] = rate_of(step)
        optimizer.step()
        if sensitivity:
            now = before if sees == "before" else {name: weight.detach() for name, weight in weights.items()}
            averages.see({name: sensitivity(now[name], weights[name].grad, rate_of(step)) for name in LAYERS})
    for name, mask in masks.items():
        weights[name].data[~mask] = 0
    return decided, dict(network.state_dict())


def compare(trainer, decided, weights, *, returns=True) -> None:
    """The trainer makes the same masks at every decision, and ends in the same weights. returns: some come back."""
    found, ended = watched(trainer)
    changes = sum(
        any((decided[step][name] & ~decided[step - 1][name]).any() for name in LAYERS)
        for step in range(8, 32)
        if decided[step - 1]
    )
    assert changes or not returns, "a loop in which nothing returns shows nothing of masks that are revised"
    for step, expected in decided.items():
        assert all(torch.equal(found[step][name], mask) for name, mask in expected.items()), step
    same(ended, weights)
    assert sum(int((~decided[31][name]).sum()) for name in LAYERS) == round(0.7 * sum(ended[n].numel() for n in LAYERS))


@pytest.mark.parametrize("sign", ["signed", "absolute"])
@pytest.mark.parametrize("beta2", [0.95, 1.0])
def test_pins_step_by_step(sign, beta2):
    """c = eta g^2 - g w before the step, or |c|; averages over windows; masks anew at each decision."""
    options = (*WINDOWS[:-1], ("beta2", beta2), ("sign", sign))
    trainer = trainer_of("pins-erm", TARGET, training=GRADUAL, options=options)

    def sensitivity(weight, gradient, rate):
        change = gradient * (rate * gradient - weight)
        return change.abs() if sign == "absolute" else change

    compare(trainer, *plain_loop(trainer, sensitivity, beta2), returns=sign == "signed")


def test_platon_step_by_step():
    """|w g| of the weight after the step and the gradient that made it; score I U."""
    trainer = trainer_of("platon", TARGET, training=GRADUAL, options=WINDOWS)
    compare(trainer, *plain_loop(trainer, lambda weight, gradient, rate: (weight * gradient).abs(), sees="after"))


def test_gradual_magnitude_with_revisable_masks_step_by_step():
    """|w| of weights that grow back between two decisions."""
    trainer = trainer_of("imp", TARGET, training=GRADUAL, options=RAMP)
    compare(trainer, *plain_loop(trainer), returns=False)


@pytest.mark.parametrize("weighting", ["sum", "entropy"])
def test_self_regularization_step_by_step(weighting):
    """The best network so far, of step 0 at first, teaches: added to the labels' loss, or weighed by sureness."""
    options = (*WINDOWS, ("looks_every", 5), ("weighting", weighting), ("temperature", 2.0))
    trainer = trainer_of("pins", TARGET, training=GRADUAL, options=options)
    accuracy, best, teachers = looked_at(), [-1.0], [None]

    def look(step, network):
        if step % 5 == 0 and (value := accuracy(network)) > best[-1]:
            best.append(value)
            teachers.append(copy.deepcopy(network).eval())

    def loss_of(made, batch):
        return regularized(weighting, made, batch, teachers[-1])

    decided, weights = plain_loop(
        trainer, lambda weight, gradient, rate: gradient * (rate * gradient - weight), loss_of=loss_of, look=look
    )
    assert len(teachers) > 2, "a loop with one teacher shows nothing of a better one"
    compare(trainer, decided, weights)


def regularized(weighting, made, batch, teacher):
    """The loss with T = 2 by the text, and by the code."""
    with torch.no_grad():
        taught = (teacher(**batch.inputs) / 2).softmax(1)
    divergence = nn.functional.kl_div((made / 2).log_softmax(1), taught, reduction="none").sum(1) * 4
    labels = nn.functional.cross_entropy(made, batch.targets, reduction="none")
    if weighting == "sum":
        return labels.mean() + divergence.mean()
    own = made.detach().softmax(1)
    sure = 1 + (own * own.log()).sum(1) / math.log(3)
    return (sure * divergence + (1 - sure) * labels).mean()


def test_the_dense_model_teaches_a_network_that_begins_anew():
    """The trained dense network of the seed is the teacher, and the network itself starts at step 0."""
    trainer = trainer_of("pins-kd", TARGET, training=GRADUAL, options=WINDOWS)
    teacher = dense_network(1, GRADUAL, trainer.training_set.protocol, False)
    teacher = copy.deepcopy(teacher).eval()

    def loss_of(made, batch):
        with torch.no_grad():
            taught = teacher(**batch.inputs).softmax(1)
        divergence = nn.functional.kl_div(made.log_softmax(1), taught, reduction="batchmean")
        return nn.functional.cross_entropy(made, batch.targets) + divergence

    assert trainer.steps == 0
    compare(
        trainer,
        *plain_loop(trainer, lambda weight, gradient, rate: gradient * (rate * gradient - weight), loss_of=loss_of),
    )
