"""Gradual, learned, one-shot and taught pruning against loops of plain PyTorch that are written from the formulas."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from torch import nn
from torch.func import functional_call

from runner.methods import METHODS
from runner.pruning.removals import REMOVALS
from runner.spec import derived_seed
from runner.training import Finetuning, Training

from .test_trainer import dense_network, trainer_of

TRAINING = Training(epochs=4, batch_size=16, learning_rate=0.02)  # 8 steps an epoch, 32 in all
LAYERS = ("first.weight", "second.weight")
TARGET = 0.7
OFTEN = (("begins", 0.1), ("ends", 0.7), ("every", 3))
"""Decisions at every third step of the ramp, from a tenth to seven tenths of the training."""


def steps_of(trainer):
    """(epoch, step, rows) of the whole training, and the generator set as an epoch begins."""
    step = 0
    for epoch in range(trainer.timeline.epochs):
        torch.manual_seed(derived_seed(1, "dropout", epoch))
        for rows in trainer.training_set.epoch_batches(epoch):
            yield step, rows
            step += 1


def gone_after(step: int) -> float | None:
    """Zhu and Gupta's Eq. 1 with t_0 = 3, n dt = 19, from 0 to the target, at every third step and at the end."""
    if step == 22:
        return TARGET
    if 3 <= step < 22 and (step - 3) % 3 == 0:
        return TARGET + (0 - TARGET) * (1 - (step - 3) / 19) ** 3
    return None


def smallest_removed(importance: dict[str, torch.Tensor], fraction: float) -> dict[str, torch.Tensor]:
    """Masks without the round(n f) smallest of all layers' values, by a stable sort."""
    together = torch.cat([importance[name].flatten() for name in LAYERS])
    mask = torch.ones(len(together), dtype=torch.bool)
    mask[together.sort(stable=True).indices[: round(len(together) * fraction)]] = False
    parts = mask.split([importance[name].numel() for name in LAYERS])
    return {name: part.view_as(importance[name]) for name, part in zip(LAYERS, parts, strict=True)}


def watched(trainer):
    """Train to the end; the masks before every step by step, and the weights in the end."""
    masks = {}
    decide = trainer._decide

    def watching(moment):
        decide(moment)
        masks[moment.step] = {name: mask.clone() for name, mask in trainer.pruner.masks.items()}

    trainer._decide = watching
    assert trainer.train(lambda moment: True)
    return masks, dict(trainer.network.state_dict())


def same(found, expected) -> None:
    """Weights within 1e-6."""
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-6)


def test_gradual_magnitude_pruning_step_by_step():
    """Masks from |w| of weights as they would be without them, which are hidden and wait: equal at every step."""
    trainer = trainer_of("gmp", TARGET, training=TRAINING, options=OFTEN)
    network = copy.deepcopy(trainer.network)
    values = {name: nn.Parameter(value.detach().clone()) for name, value in network.named_parameters()}
    optimizer = torch.optim.Adam(values.values(), lr=0.02)
    masks = {name: torch.ones_like(values[name], dtype=torch.bool) for name in LAYERS}
    before = {}

    def decide(step):
        if (fraction := gone_after(step)) is not None:
            masks.update(smallest_removed({name: values[name].detach().abs() for name in LAYERS}, fraction))
            for name in LAYERS:
                for key in ("exp_avg", "exp_avg_sq"):
                    if values[name] in optimizer.state:
                        optimizer.state[values[name]][key][~masks[name]] = 0
        before[step] = dict(masks)

    came_back = 0
    for step, rows in steps_of(trainer):
        earlier = dict(masks)
        decide(step)
        came_back += sum(int((masks[name] & ~earlier[name]).sum()) for name in LAYERS)
        used = {name: value * masks[name] if name in masks else value for name, value in values.items()}
        batch = trainer.training_set.batch(rows)
        optimizer.zero_grad()
        nn.functional.cross_entropy(functional_call(network, used, kwargs=batch.inputs), batch.targets).backward()
        nn.utils.clip_grad_norm_(values.values(), 1.0)
        optimizer.step()
    decide(32)
    found, weights = watched(trainer)
    assert came_back > 0, "a loop in which nothing returns shows nothing of hidden weights"
    for step, expected in before.items():
        assert all(torch.equal(found[step][name], expected[name]) for name in LAYERS), step
    same(weights, {name: value.detach() * masks.get(name, 1) for name, value in values.items()})


def test_movement_pruning_step_by_step():
    """Gates get dL/dS = dL/d(w m) w, weights dL/d(w m) m, and the highest gates stay: equal at every step."""
    trainer = trainer_of("mvp", TARGET, training=TRAINING, options=OFTEN)
    network = copy.deepcopy(trainer.network)
    values = {name: nn.Parameter(value.detach().clone()) for name, value in network.named_parameters()}
    gates = {name: nn.Parameter(torch.zeros_like(values[name])) for name in LAYERS}
    everything = [*values.values(), *gates.values()]
    optimizer = torch.optim.Adam(everything, lr=0.02)
    masks = {name: torch.ones_like(values[name], dtype=torch.bool) for name in LAYERS}
    before = {}

    def decide(step):
        if (fraction := gone_after(step)) is not None:
            masks.update(smallest_removed({name: gates[name].detach() for name in LAYERS}, fraction))
        before[step] = dict(masks)

    for step, rows in steps_of(trainer):
        decide(step)
        used = {name: (value * masks[name] if name in masks else value).detach() for name, value in values.items()}
        used = {name: value.requires_grad_() for name, value in used.items()}
        batch = trainer.training_set.batch(rows)
        nn.functional.cross_entropy(functional_call(network, used, kwargs=batch.inputs), batch.targets).backward()
        for name, value in values.items():
            value.grad = (used[name].grad * masks.get(name, 1)).clone()
        for name, gate in gates.items():
            gate.grad = used[name].grad * values[name].detach()
        nn.utils.clip_grad_norm_(everything, 1.0)
        optimizer.step()
    decide(32)
    found, weights = watched(trainer)
    for step, expected in before.items():
        assert all(torch.equal(found[step][name], expected[name]) for name in LAYERS), step
    same(weights, {name: value.detach() * masks.get(name, 1) for name, value in values.items()})


def test_one_shot_pruning_with_its_own_epochs_of_finetuning():
    """The dense model's training, each layer cut once by |w|, then two epochs more with what stays."""
    trainer = trainer_of("mp-os", TARGET, training=TRAINING, options=(("finetune_epochs", 2),))
    network = copy.deepcopy(trainer.network)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    masks = {}
    for step, rows in steps_of(trainer):
        if step == 32:
            for name in LAYERS:
                weight = network.get_parameter(name)
                order = weight.detach().abs().flatten().sort(stable=True).indices
                masks[name] = torch.ones(weight.numel(), dtype=torch.bool)
                masks[name][order[: round(weight.numel() * TARGET)]] = False
                masks[name] = masks[name].view_as(weight)
                weight.data[~masks[name]] = 0
                for key in ("exp_avg", "exp_avg_sq"):
                    optimizer.state[weight][key][~masks[name]] = 0
        batch = trainer.training_set.batch(rows)
        optimizer.zero_grad()
        network.train()
        nn.functional.cross_entropy(network(**batch.inputs), batch.targets).backward()
        for name, mask in masks.items():
            network.get_parameter(name).grad[~mask] = 0
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    found, weights = watched(trainer)
    assert trainer.timeline.phases == (4, 2)
    assert all(torch.equal(found[48][name], mask) for name, mask in masks.items())
    same(weights, dict(network.state_dict()))


@pytest.mark.parametrize("method", ["mp", "gp", "up"])
def test_one_cut_over_the_whole_network(method):
    """SGD with decay, nothing clipped; cut once by |w|, |w dL/dw| or |-w dL/dw + eps w^2| over all; tuned anew."""
    later = Finetuning(
        epochs=2, learning_rate=0.05, learning_rates="milestones", milestones=((1, 0.1),), optimizer="new"
    )
    training = dataclasses.replace(TRAINING, optimizer="sgd", weight_decay=0.01, clip_norm=0.0, finetuning=later)
    trainer = trainer_of(method, TARGET, training=training)
    network = copy.deepcopy(trainer.network)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9, weight_decay=0.01)
    masks = {}
    for step, rows in steps_of(trainer):
        if step == 32:
            masks = smallest_removed(importance_by_formula(method, network, trainer.training_set), TARGET)
            for name, mask in masks.items():
                network.get_parameter(name).data[~mask] = 0
            optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01)
        if step == 40:
            optimizer.param_groups[0]["lr"] = 0.005
        batch = trainer.training_set.batch(rows)
        optimizer.zero_grad()
        network.train()
        nn.functional.cross_entropy(network(**batch.inputs), batch.targets).backward()
        for name, mask in masks.items():
            network.get_parameter(name).grad[~mask] = 0
        optimizer.step()
        for name, mask in masks.items():
            network.get_parameter(name).data[~mask] = 0
    found, weights = watched(trainer)
    assert all(torch.equal(found[48][name], mask) for name, mask in masks.items())
    same(weights, dict(network.state_dict()))


def importance_by_formula(method, network, training_set) -> dict[str, torch.Tensor]:
    """Of the loss over all training examples and eps/2 of the squared norm of the weights, with eps = 0.01."""
    weights = {name: network.get_parameter(name) for name in LAYERS}
    if method == "mp":
        return {name: weight.detach().abs() for name, weight in weights.items()}
    state = torch.get_rng_state()
    torch.manual_seed(derived_seed(1, "score", 1, 1))
    network.zero_grad()
    network.train()
    examples = len(training_set.targets)
    for rows in training_set.score_batches(1):
        batch = training_set.batch(rows)
        loss = nn.functional.cross_entropy(network(**batch.inputs), batch.targets, reduction="sum")
        (loss / examples).backward()
    (0.01 / 2 * sum(weight.square().sum() for weight in weights.values())).backward()
    torch.set_rng_state(state)
    change = {name: -weight.detach() * weight.grad for name, weight in weights.items()}
    if method == "up":
        change = {name: change[name] + 0.01 * weight.detach().square() for name, weight in weights.items()}
    return {name: value.abs() for name, value in change.items()}


def test_distillation_from_the_dense_parent():
    """Half the loss of the labels, half T^2 times the divergence from the dense model at T = 2, in every step."""
    trainer = trainer_of("imp-kd", TARGET, training=dataclasses.replace(TRAINING, epochs=1))
    teacher = dense_network(1, trainer.training_set.training, trainer.training_set.protocol, False).eval()
    network = copy.deepcopy(trainer.network)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for step, rows in steps_of(trainer):
        if step == 8:
            break
        batch = trainer.training_set.batch(rows)
        optimizer.zero_grad()
        made = network.train()(**batch.inputs)
        with torch.no_grad():
            taught = (teacher(**batch.inputs) / 2).softmax(1)
        divergence = nn.functional.kl_div((made / 2).log_softmax(1), taught, reduction="batchmean")
        (0.5 * nn.functional.cross_entropy(made, batch.targets) + 0.5 * 4 * divergence).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    assert not trainer.train(lambda moment: moment.step < 8)
    same(dict(trainer.network.state_dict()), dict(network.state_dict()))


@pytest.mark.parametrize("full_at", [0.0, 0.5])
def test_the_lasso_step_by_step(full_at):
    """strength * sum |w| of the prunable weights beside the loss of every batch, from the first step or by a ramp."""
    options = (("full_at", full_at), ("finetune_epochs", 1), ("strength", 0.01))
    trainer = trainer_of("mp-lasso", TARGET, training=TRAINING, options=options)
    network = copy.deepcopy(trainer.network)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for step, rows in steps_of(trainer):
        if step == 32:
            break
        batch = trainer.training_set.batch(rows)
        optimizer.zero_grad()
        share = min(1.0, step / 40 / full_at) if full_at else 1.0
        lasso = 0.01 * share * sum(network.get_parameter(name).abs().sum() for name in LAYERS)
        (nn.functional.cross_entropy(network.train()(**batch.inputs), batch.targets) + lasso).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    assert not trainer.train(lambda moment: moment.step < 32)
    same(dict(trainer.network.state_dict()), dict(network.state_dict()))


@pytest.mark.parametrize("removal", sorted(REMOVALS))
@pytest.mark.parametrize("ends", [1.0, 0.97, 0.5])
def test_the_asked_sparsity_is_met_wherever_the_ramp_ends(monkeypatch, removal, ends):
    """After the last step, shortly before it, or long before: exactly round(n s) weights are zero, of any removal."""
    method = dataclasses.replace(METHODS["gmp"], removal=removal)
    monkeypatch.setitem(METHODS, "gmp", method)
    training = dataclasses.replace(TRAINING, optimizer="sgd", weight_decay=0.1)
    trainer = trainer_of("gmp", TARGET, training=training, options=(("ends", ends), ("every", 7)))
    assert trainer.train(lambda moment: True)
    weights = [trainer.network.get_parameter(name) for name in LAYERS]
    total = sum(weight.numel() for weight in weights)
    assert sum(int((weight == 0).sum()) for weight in weights) == round(total * TARGET)


def test_what_is_permanent_is_not_revived(monkeypatch):
    """Momentum and decay of an optimizer that knew a removed weight leave it at zero after every step."""
    options = (("begins", 0.3), ("ends", 0.6), ("every", 2))
    method = dataclasses.replace(METHODS["gmp"], removal="permanent")
    monkeypatch.setitem(METHODS, "gmp", method)
    for optimizer in ("sgd", "adam", "adamw"):
        training = dataclasses.replace(TRAINING, optimizer=optimizer, weight_decay=0.1)
        trainer = trainer_of("gmp", TARGET, training=training, options=options)

        def is_zero(moment, trainer=trainer):
            masks = trainer.pruner.masks
            return all((weight[~masks[name]] == 0).all() for name, weight in trainer.pruner.weights.items())

        assert trainer.train(is_zero)


def test_a_revisable_weight_grows_back_between_decisions(monkeypatch):
    """Zeroed when decided, it is trained on; the masks of two decisions differ in both directions."""
    options = (("ends", 0.9), ("every", 8), ("initial", 0.5))
    method = dataclasses.replace(METHODS["gmp"], removal="revisable")
    monkeypatch.setitem(METHODS, "gmp", method)
    trainer = trainer_of("gmp", TARGET, training=TRAINING, options=options)
    grown = []

    def look(moment):
        masks = trainer.pruner.masks
        if trainer.pruner.is_cut and not moment.is_end:
            grown.append(any((weight[~masks[name]] != 0).any() for name, weight in trainer.pruner.weights.items()))
        return True

    trainer.train(look)
    assert any(grown)
    masks, _ = watched(trainer_of("gmp", TARGET, training=TRAINING, options=options))
    assert any((masks[step + 1][name] & ~masks[step][name]).any() for step in range(31) for name in LAYERS)
