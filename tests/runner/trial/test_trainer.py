"""The training loop: pairing, cuts, warm-up, and that an epoch depends on nothing but the state before it."""

from __future__ import annotations

import dataclasses
import functools
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from runner.heads import head_for
from runner.methods import DENSE, METHODS
from runner.pruning.masks import removed, sparsity
from runner.pruning.moment import Moment
from runner.pruning.schedules import Levels
from runner.spec import Protocol, TrialSpec, derived_seed
from runner.training import Finetuning, Selection, Training
from runner.trial import assembly
from runner.trial.checkpoints import content_hash
from runner.trial.devices import Compute, Device, prepare, seed_draws
from runner.trial.distillation import Distillation
from runner.trial.judging import judges_of
from runner.trial.trainer import Trainer
from runner.trial.training_set import TrainingSet
from tasks.base import TaskData
from tests.runner.small_network import SmallNetwork, encode, small_task

TRAINING = Training(epochs=3, batch_size=16, learning_rate=0.02)
LATER = Finetuning(epochs=2, learning_rate=0.01, learning_rates="milestones", milestones=((1, 0.1),), optimizer="new")
EVERY_OPTIMIZER = [
    dataclasses.replace(TRAINING, selection=Selection(best="loss"), finetuning=LATER),
    dataclasses.replace(TRAINING, optimizer="adamw", weight_decay=0.1, warmup_epochs=1.5),
    dataclasses.replace(TRAINING, optimizer="sgd", weight_decay=0.01, batching="uniform"),
]
CPU = Compute(device=Device(torch=torch.device("cpu"), vendor="cpu", name="test"))
PAPER = Protocol()
PRUNED = sorted(name for name, line in METHODS.items() if line.scope != "filterwise")  # here are no convolutions
State = tuple[dict[str, Tensor], dict[str, Any]]
SHARING = [name for name in PRUNED if METHODS[name].starts_dense and not METHODS[name].teacher]


def trainer_of(
    method: str = DENSE,
    sparsity: float = 0.5,
    *,
    seed=1,
    training=TRAINING,
    protocol=PAPER,
    multi_label=False,
    options=(),
) -> Trainer:
    """A trainer at step 0, as a trial makes it; one that is taught has the dense model of the seed for its teacher."""
    prepare(1)
    seed_draws(derived_seed(seed, "init"))
    network = SmallNetwork(3)
    spec = TrialSpec(
        task="small",
        model="small",
        architecture="small",
        method=method,
        method_options=options,
        sparsity=0.0 if method == DENSE else sparsity,
        seed=seed,
        training=training,
        protocol=protocol,
    )
    given = TrainingSet(
        **points(multi_label),
        seed=seed,
        training=training,
        protocol=protocol,
        compute=CPU,
        sampling=assembly.sampling_of(spec),
    )
    judges = judges_of(spec, network, data_of(multi_label), given, partial(encode, None))
    trainer = assembly.trainer_of(network, spec, given, 0, judges)
    for part in trainer.parts:
        if isinstance(part, Distillation) and not part.is_ready:
            part.take(dense_network(seed, training, protocol, multi_label))
    return trainer


@functools.cache
def data_of(multi_label: bool) -> TaskData:
    """The small task."""
    return small_task(multi_label=multi_label)


@functools.cache
def points(multi_label: bool) -> dict[str, Any]:
    """What all training sets of a task have in common."""
    data = data_of(multi_label)
    train, head = data.split("train"), head_for(data)
    return {"encoded": encode(None, train), "targets": head.targets(train), "head": head}


@functools.cache
def dense_network(seed: int, training: Training, protocol: Protocol, multi_label: bool) -> torch.nn.Module:
    """The trained dense model of a seed."""
    trainer = trainer_of(seed=seed, training=training, protocol=protocol, multi_label=multi_label)
    trained(trainer)
    return trainer.network


def looked_at():
    """How accurate a network is on the validation split, as a plain loop has it."""
    examples = data_of(False).split("validation")
    inputs, labels = encode(None, examples).pixels, torch.tensor(examples["label"].to_pylist())

    def accuracy(network: torch.nn.Module) -> float:
        with torch.no_grad():
            return float((network.eval()(inputs).argmax(1) == labels).float().mean())

    return accuracy


def near(method: str, target: float) -> float:
    """The target, or the level nearest to it for a method that cuts level by level."""
    levels = (Levels().gone(level) for level in range(1, 30))
    is_free = METHODS[method].schedule != "levels"
    return target if is_free else min(levels, key=lambda level: abs(level - target))


def trained(trainer: Trainer) -> str:
    """Hash of the whole state after training to the end."""
    assert trainer.train(lambda moment: True)
    return content_hash(trainer.state()[0])


@functools.cache
def undisturbed(method: str, training: Training, protocol: Protocol = PAPER) -> str:
    """The hash of a training to which nothing happens."""
    return trained(trainer_of(method, near(method, 0.7), training=training, protocol=protocol))


@functools.cache
def dense_state(training: Training) -> State:
    """The state of the trained dense model."""
    trainer = trainer_of(training=training)
    trained(trainer)
    return copied(trainer.state())


def copied(state: State) -> State:
    """A state that no further training changes."""
    tensors, counters = state
    return {name: tensor.clone() for name, tensor in tensors.items()}, dict(counters)


@pytest.mark.parametrize("method", PRUNED)
@pytest.mark.parametrize("target", [0.2, 0.99])
def test_every_method_hits_its_target(method, target):
    """After training, exactly so many weights are removed, of each layer or of all, and these are exact zeros."""
    target = near(method, target)
    trainer = trainer_of(method, target)
    trained(trainer)
    masks = trainer.pruner.masks
    assert removed(masks) == pytest.approx(sum(mask.numel() for mask in masks.values()) * target, abs=1)
    for name, weight in trainer.pruner.weights.items():
        mask = masks[name]
        if METHODS[method].scope == "layerwise":
            assert int((~mask).sum()) == round(mask.numel() * target)
        assert (weight[~mask] == 0).all()
        assert (weight[mask] != 0).any() or not mask.any()  # ranked together, a layer may lose all


@pytest.mark.parametrize("method", PRUNED)
@pytest.mark.parametrize("training", EVERY_OPTIMIZER, ids=["adam, best of every phase", "adamw", "sgd"])
def test_interrupted_and_resumed_is_undisturbed(method, training):
    """Stopped after every fifth step or every epoch (of 8) and restored, training ends in the very same bytes."""
    for stops in (lambda moment: moment.step % 5 == 0, lambda moment: moment.begins_epoch):
        trainer = trainer_of(method, near(method, 0.7), training=training)
        while not trainer.train(lambda moment, stops=stops: not stops(moment)):
            state = copied(trainer.state())
            trainer = trainer_of(method, near(method, 0.7), training=training)
            trainer.restore(*state)
            torch.rand(7)  # whatever else drew from the default generator in between
        assert content_hash(trainer.state()[0]) == undisturbed(method, training)


@pytest.mark.parametrize("method", SHARING)
@pytest.mark.parametrize("training", EVERY_OPTIMIZER, ids=["adam, best of every phase", "adamw", "sgd"])
@pytest.mark.parametrize("late", [0, 1])
def test_a_child_of_the_dense_trial_is_what_it_would_be_alone(method, training, late):
    """From the dense model's state after E epochs (weights, moments, counters): the same bytes as from step 0."""
    protocol = Protocol(rounds="off-by-one" if late else "equal")
    child = trainer_of(method, near(method, 0.7), training=training, protocol=protocol)
    child.restore(*copied(dense_state(dataclasses.replace(training, finetuning=Finetuning()))))
    assert trained(child) == undisturbed(method, training, protocol)


def test_dense_and_pruned_share_initial_weights_and_order():
    """Same seed: same weights at step 0 and same batches in every epoch, whatever the method; another seed differs."""
    dense, pruned, other = trainer_of(), trainer_of("rp-ai"), trainer_of(seed=2)
    assert content_hash(dense.network.state_dict()) == content_hash(pruned.network.state_dict())
    assert content_hash(dense.network.state_dict()) != content_hash(other.network.state_dict())
    for epoch in (0, 5):
        mine, theirs = ([rows.tolist() for rows in t.training_set.epoch_batches(epoch)] for t in (dense, pruned))
        assert mine == theirs
        assert mine != [rows.tolist() for rows in other.training_set.epoch_batches(epoch)]
    first, second = (sorted(dense.training_set.epoch_batches(epoch)[0].tolist()) for epoch in (0, 1))
    assert first != second


def test_a_seed_repeats_itself_and_two_seeds_differ():
    """Training twice gives the same bytes; another seed gives others."""
    runs = [trained(trainer_of("iibp-ft", seed=seed)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("method", ["imp-wr", "imp-ft"])
def test_the_learning_rate_warms_up_and_starts_again_at_a_rewind(method):
    """Linear over the warm-up epochs, constant after; again after every rewind, never after fine-tuning's cuts."""
    training = dataclasses.replace(TRAINING, warmup_epochs=2)
    trainer = trainer_of(method, training=training)
    rates: list[float] = []

    def watch(moment: Moment) -> bool:
        if moment.begins_epoch:
            rates.append(trainer.engine.optimizer.param_groups[0]["lr"])
        return True

    trainer.train(watch)
    phase = [0.01, 0.02, 0.02]
    expected = phase * 4 if method == "imp-wr" else phase + [0.02] * 9
    assert rates == pytest.approx(expected)


def test_rewinding_starts_each_phase_from_step_0():
    """At each cut the network is the initial one under the new masks, and the optimizer knows nothing."""
    trainer = trainer_of("imp-wr")
    initial = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.train(lambda moment: moment.epoch < 3)
    assert not torch.equal(trainer.network.classifier.weight, initial["classifier.weight"])
    trainer._decide(trainer.moment)
    for name, value in trainer.network.state_dict().items():
        mask = trainer.pruner.masks.get(name, torch.ones_like(value, dtype=torch.bool))
        assert torch.equal(value, initial[name] * mask)
    assert not trainer.engine.optimizer.state
    assert trainer.since_restart == 0


def test_a_finetuning_cut_keeps_the_optimizer_but_what_it_knows_of_removed_weights():
    """Moments of weights that stay go on unchanged, those of removed weights are zero from the cut on."""
    trainer = trainer_of("imp-ft")
    trainer.train(lambda moment: moment.epoch < 3)
    optimizer = trainer.engine.optimizer
    before = {name: optimizer.state[weight]["exp_avg"].clone() for name, weight in trainer.pruner.weights.items()}
    trainer._decide(trainer.moment)
    assert trainer.engine.optimizer is optimizer
    for name, weight in trainer.pruner.weights.items():
        mask = trainer.pruner.masks[name]
        assert torch.equal(optimizer.state[weight]["exp_avg"], before[name] * mask)
        assert (optimizer.state[weight]["exp_avg_sq"][~mask] == 0).all()


def test_impact_gradients_are_the_mean_over_the_hundred_or_the_last_ten():
    """accumulated: the gradient of the mean loss over the 100 drawn samples; last-batch: over the last 10 of them."""
    rows = torch.randperm(120, generator=torch.Generator().manual_seed(derived_seed(1, "score", 1)))[:100]
    for switch, used in (("accumulated", rows), ("last-batch", rows[90:])):
        trainer = trainer_of("ibp-ai", protocol=Protocol(impact=switch))
        trainer.network.dropout.p = 0.0
        got = trainer.engine.sample_gradients(trainer.pruner, 1)
        logits = trainer.network(**trainer.training_set.encoded.inputs(used.numpy()))
        torch.nn.functional.cross_entropy(logits, trainer.training_set.targets[used]).backward()
        for name, weight in trainer.pruner.weights.items():
            torch.testing.assert_close(got[name], weight.grad, rtol=1e-4, atol=1e-7)


def test_impact_gradients_see_dropout_of_the_trials_own_draw():
    """Scores are taken in training mode, and repeat whatever was drawn before."""
    trainer = trainer_of("ibp-ai")
    gradients = partial(trainer.engine.sample_gradients, trainer.pruner)
    first = gradients(1)
    torch.rand(3)
    again, other = gradients(1), gradients(2)
    trainer.network.dropout.p = 0.0
    without = gradients(1)
    name = "second.weight"
    assert torch.equal(first[name], again[name])
    assert not torch.equal(first[name], other[name])
    assert not torch.equal(first[name], without[name])


def test_layernorm_gains_are_pruned_by_switch():
    """The released code prunes them at the same rate as every layer, the text does not say so."""
    for switch, layers in (("keep", 2), ("prune", 3)):
        trainer = trainer_of("mp-ai", protocol=Protocol(layernorm=switch))
        trained(trainer)
        assert len(trainer.pruner.masks) == layers
        assert sparsity(trainer.pruner.masks) == 0.5
        assert int((trainer.network.norm.weight == 0).sum()) == (8 if switch == "prune" else 0)


def test_the_last_epochs_training_logits_are_kept_where_a_threshold_is_learned():
    """Rows come back in canonical order, and only for multi-label trials with the switch."""
    still = dataclasses.replace(TRAINING, learning_rate=0.0)
    trainer = trainer_of(multi_label=True, training=still, protocol=Protocol(threshold="train"))
    trainer.network.dropout.p = 0.0
    trainer.train(lambda moment: True)
    expected = trainer.network(**trainer.training_set.encoded.inputs(torch.arange(120).numpy()))
    torch.testing.assert_close(trainer.last_logits, expected.detach())
    for switched in (trainer_of(multi_label=True), trainer_of(protocol=Protocol(threshold="train"))):
        switched.train(lambda moment: True)
        assert switched.last_logits is None


def test_training_learns():
    """The loss on the training split falls far below that of guessing among three classes."""
    trainer = trainer_of(training=dataclasses.replace(TRAINING, epochs=12))
    trainer.train(lambda moment: True)
    trainer.network.eval()
    logits = trainer.network(**trainer.training_set.encoded.inputs(torch.arange(120).numpy()))
    assert torch.nn.functional.cross_entropy(logits, trainer.training_set.targets) < 0.4


def test_sparsely_gathered_gradients_are_the_dense_ones():
    """An embedding that hands over the rows it read trains to what a dense gradient of the whole table gives."""
    from runner.trial.engine import gather_sparsely

    rows = torch.randint(0, 50, (40, 6), generator=torch.Generator().manual_seed(0))
    tables = []
    for sparse in (False, True):
        torch.manual_seed(1)
        table = torch.nn.Embedding(50, 8)
        kept = gather_sparsely(table) if sparse else [table.weight]
        optimizer = torch.optim.Adam(table.parameters(), lr=0.1, fused=True)
        for batch in rows.split(10):
            kept[0].grad = torch.zeros_like(table.weight)
            table(batch).pow(2).sum().backward()
            assert not kept[0].grad.is_sparse
            optimizer.step()
        tables.append(table.weight.detach().clone())
    torch.testing.assert_close(tables[0], tables[1])


@pytest.mark.parametrize("method", ["imp-ft", "iibp-wr"])
def test_micro_batches_add_up_to_the_batch(method):
    """Without dropout, training in five parts a batch (of which the last one has too few rows) is the same training."""

    def weights(parts: int) -> dict[str, torch.Tensor]:
        trainer = trainer_of(method, training=dataclasses.replace(TRAINING, epochs=1, micro_batches=parts))
        trainer.network.dropout.p = 0.0
        trained(trainer)
        return dict(trainer.network.named_parameters())

    whole = weights(1)
    for parts in (5, 16):
        for name, weight in weights(parts).items():
            torch.testing.assert_close(weight, whole[name], rtol=0, atol=2e-5)


def test_dropout_is_drawn_for_each_micro_batch():
    """Each part of a batch has draws of its own, which the seed, the step and its place among the parts decide."""
    training = dataclasses.replace(TRAINING, micro_batches=4)
    first, again = (trained(trainer_of(training=training)) for _ in range(2))
    assert first == again != trained(trainer_of())
    given = trainer_of(training=training).training_set
    assert len({given.dropout_seed(0, step, index) for step in (0, 1) for index in range(4)}) == 8
