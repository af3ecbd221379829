"""The training loop: pairing, cuts, warm-up, and that an epoch depends on nothing but the state before it."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from runner.checkpoints import content_hash
from runner.devices import Compute, Device, prepare
from runner.heads import head_for
from runner.methods import METHODS
from runner.pruning.masks import sparsity
from runner.pruning.pruner import Method, Pruner
from runner.pruning.recovery import RECOVERIES
from runner.pruning.schedules import SCHEDULES
from runner.pruning.scores import SCORES
from runner.spec import Protocol, Training, derived_seed
from runner.training import Lesson, Trainer, epoch_batches

from .small_network import SmallNetwork, encode, small_task

TRAINING = Training(epochs=3, batch_size=16, learning_rate=0.02)
EVERY_OPTIMIZER = [
    TRAINING,
    dataclasses.replace(TRAINING, optimizer="adamw", weight_decay=0.1, warmup_epochs=1.5),
    dataclasses.replace(TRAINING, optimizer="sgd", weight_decay=0.01, batching="uniform"),
]
CPU = Compute(device=Device(torch=torch.device("cpu"), vendor="cpu", name="test"))
PAPER = Protocol()
PRUNED = sorted(METHODS)


def trainer_of(method: str | None, *, seed=1, training=TRAINING, protocol=PAPER, multi_label=False) -> Trainer:
    """A trainer at step 0, as a trial makes it."""
    prepare(1)
    data = small_task(multi_label=multi_label)
    train, head = data.split("train"), head_for(data)
    torch.manual_seed(derived_seed(seed, "init"))
    network = SmallNetwork(3)
    lesson = Lesson(
        encoded=encode(None, train),
        targets=head.targets(train),
        head=head,
        seed=seed,
        training=training,
        protocol=protocol,
        compute=CPU,
    )
    chosen = None
    if method is not None:
        row = METHODS[method]
        chosen = Method(score=SCORES[row.score], scope=row.scope, recovery=RECOVERIES[row.recovery])
    return Trainer(network, Pruner(network, chosen, layernorm=protocol.layernorm == "prune"), lesson)


def course(method: str, target: float, epochs: int = 3, late: int = 0) -> tuple[dict[int, float], int]:
    """Cuts and total epochs of a method."""
    schedule = SCHEDULES[METHODS[method].schedule]
    return schedule.cuts(epochs, target, late=late), schedule.total_epochs(epochs)


def trained(trainer: Trainer, cuts: dict[int, float], total: int) -> str:
    """Hash of the whole state after training to the end."""
    assert trainer.train(cuts, total, lambda: True)
    return content_hash(trainer.state()[0])


@pytest.mark.parametrize("method", PRUNED)
@pytest.mark.parametrize("target", [0.2, 0.99])
def test_every_method_hits_its_target(method, target):
    """After training, each layer has round(n * s) weights removed, and these are exact zeros in the network."""
    trainer = trainer_of(method)
    trained(trainer, *course(method, target))
    for name, weight in trainer.pruner.weights.items():
        mask = trainer.pruner.masks[name]
        assert int((~mask).sum()) == round(mask.numel() * target)
        assert (weight[~mask] == 0).all()
        assert (weight[mask] != 0).any()


@pytest.mark.parametrize("method", PRUNED)
@pytest.mark.parametrize("training", EVERY_OPTIMIZER, ids=["adam", "adamw", "sgd"])
def test_interrupted_and_resumed_is_undisturbed(method, training):
    """Stopped after each epoch in turn and restored into a fresh trainer, training ends in the very same bytes."""
    cuts, total = course(method, 0.7)
    whole = trained(trainer_of(method, training=training), cuts, total)
    tensors, counters = None, None
    for _ in range(total):
        trainer = trainer_of(method, training=training)
        if tensors is not None:
            trainer.restore(tensors, counters)
        torch.rand(7)  # whatever else drew from the default generator in between
        trainer.train(cuts, total, lambda: False)
        tensors, counters = trainer.state()
        tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    last = trainer_of(method, training=training)
    last.restore(tensors, counters)
    assert last.epoch == total
    assert trained(last, cuts, total) == whole


@pytest.mark.parametrize("method", [name for name in PRUNED if METHODS[name].starts_dense])
@pytest.mark.parametrize("training", EVERY_OPTIMIZER, ids=["adam", "adamw", "sgd"])
@pytest.mark.parametrize("late", [0, 1])
def test_a_child_of_the_dense_trial_is_what_it_would_be_alone(method, training, late):
    """From the dense model's state after E epochs (weights, moments, counters): the same bytes as from step 0."""
    cuts, total = course(method, 0.9, late=late)
    alone = trained(trainer_of(method, training=training), cuts, total)
    parent = trainer_of(None, training=training)
    trained(parent, {}, 3)
    child = trainer_of(method, training=training)
    child.restore(*parent.state())
    assert trained(child, cuts, total) == alone


def test_dense_and_pruned_share_initial_weights_and_order():
    """Same seed: same weights at step 0 and same batches in every epoch, whatever the method; another seed differs."""
    dense, pruned, other = trainer_of(None), trainer_of("rp-ai"), trainer_of(None, seed=2)
    assert content_hash(dense.network.state_dict()) == content_hash(pruned.network.state_dict())
    assert content_hash(dense.network.state_dict()) != content_hash(other.network.state_dict())
    for epoch in (0, 5):
        mine, theirs = ([rows.tolist() for rows in epoch_batches(t.lesson, epoch)] for t in (dense, pruned))
        assert mine == theirs
        assert mine != [rows.tolist() for rows in epoch_batches(other.lesson, epoch)]
    first, second = (
        sorted(rows.tolist()) for rows in (epoch_batches(dense.lesson, 0)[0], epoch_batches(dense.lesson, 1)[0])
    )
    assert first != second


def test_a_seed_repeats_itself_and_two_seeds_differ():
    """Training twice gives the same bytes; another seed gives others."""
    runs = [trained(trainer_of("iibp-ft", seed=seed), *course("iibp-ft", 0.5)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("method", ["imp-wr", "imp-ft"])
def test_the_learning_rate_warms_up_and_starts_again_at_a_rewind(method):
    """Linear over the warm-up epochs, constant after; again after every rewind, never after fine-tuning's cuts."""
    training = dataclasses.replace(TRAINING, warmup_epochs=2)
    trainer = trainer_of(method, training=training)
    rates: list[float] = []
    cuts, total = course(method, 0.5)
    trainer.train(cuts, total, lambda: rates.append(trainer.optimizer.param_groups[0]["lr"]) is None)
    phase = [0.01, 0.02, 0.02]
    expected = phase * 4 if method == "imp-wr" else phase + [0.02] * 9
    assert rates == pytest.approx(expected)


def test_rewinding_starts_each_phase_from_step_0():
    """At each cut the network is the initial one under the new masks, and the optimizer knows nothing."""
    trainer = trainer_of("imp-wr")
    initial = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.train({}, 3, lambda: True)
    assert not torch.equal(trainer.network.classifier.weight, initial["classifier.weight"])
    trainer.train({3: 0.2}, 3, lambda: True)
    for name, value in trainer.network.state_dict().items():
        mask = trainer.pruner.masks.get(name, torch.ones_like(value, dtype=torch.bool))
        assert torch.equal(value, initial[name] * mask)
    assert not trainer.optimizer.state
    assert trainer.phase_steps == 0


def test_a_finetuning_cut_keeps_the_optimizer_but_what_it_knows_of_removed_weights():
    """Moments of weights that stay go on unchanged, those of removed weights are zero from the cut on."""
    trainer = trainer_of("imp-ft")
    trainer.train({}, 3, lambda: True)
    optimizer = trainer.optimizer
    before = {name: optimizer.state[weight]["exp_avg"].clone() for name, weight in trainer.pruner.weights.items()}
    trainer.train({3: 0.5}, 3, lambda: True)
    assert trainer.optimizer is optimizer
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
        got = trainer._gradients(1)
        logits = trainer.network(**trainer.lesson.encoded.inputs(used.numpy()))
        torch.nn.functional.cross_entropy(logits, trainer.lesson.targets[used]).backward()
        for name, weight in trainer.pruner.weights.items():
            torch.testing.assert_close(got[name], weight.grad, rtol=1e-4, atol=1e-7)


def test_impact_gradients_see_dropout_of_the_trials_own_draw():
    """Scores are taken in training mode, and repeat whatever was drawn before."""
    trainer = trainer_of("ibp-ai")
    first = trainer._gradients(1)
    torch.rand(3)
    again, other = trainer._gradients(1), trainer._gradients(2)
    trainer.network.dropout.p = 0.0
    without = trainer._gradients(1)
    name = "second.weight"
    assert torch.equal(first[name], again[name])
    assert not torch.equal(first[name], other[name])
    assert not torch.equal(first[name], without[name])


def test_layernorm_gains_are_pruned_by_switch():
    """The released code prunes them at the same rate as every layer, the text does not say so."""
    for switch, layers in (("keep", 2), ("prune", 3)):
        trainer = trainer_of("mp-ai", protocol=Protocol(layernorm=switch))
        trained(trainer, *course("mp-ai", 0.5))
        assert len(trainer.pruner.masks) == layers
        assert sparsity(trainer.pruner.masks) == 0.5
        assert int((trainer.network.norm.weight == 0).sum()) == (8 if switch == "prune" else 0)


def test_the_last_epochs_training_logits_are_kept_where_a_threshold_is_learned():
    """Rows come back in canonical order, and only for multi-label trials with the switch."""
    trainer = trainer_of(None, multi_label=True, protocol=Protocol(threshold="train"))
    trainer.network.dropout.p = 0.0
    quiet = dataclasses.replace(trainer.lesson, training=dataclasses.replace(TRAINING, learning_rate=0.0))
    trainer.lesson = quiet
    trainer.train({}, 2, lambda: True)
    expected = trainer.network(**quiet.encoded.inputs(torch.arange(120).numpy()))
    torch.testing.assert_close(trainer.last_logits, expected.detach())
    for switched in (trainer_of(None, multi_label=True), trainer_of(None, protocol=Protocol(threshold="train"))):
        switched.train({}, 1, lambda: True)
        assert switched.last_logits is None


def test_training_learns():
    """The loss on the training split falls far below that of guessing among three classes."""
    trainer = trainer_of(None)
    trainer.train({}, 12, lambda: True)
    trainer.network.eval()
    logits = trainer.network(**trainer.lesson.encoded.inputs(torch.arange(120).numpy()))
    assert torch.nn.functional.cross_entropy(logits, trainer.lesson.targets) < 0.4


def test_sparsely_gathered_gradients_are_the_dense_ones():
    """An embedding that hands over the rows it read trains to what a dense gradient of the whole table gives."""
    from runner.training import gather_sparsely

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
        trainer = trainer_of(method, training=dataclasses.replace(TRAINING, micro_batches=parts))
        trainer.network.dropout.p = 0.0
        trained(trainer, *course(method, 0.5))
        return dict(trainer.network.named_parameters())

    whole = weights(1)
    for parts in (5, 16):
        for name, weight in weights(parts).items():
            torch.testing.assert_close(weight, whole[name], rtol=0, atol=2e-5)


def test_dropout_is_drawn_for_each_micro_batch():
    """Each part of a batch has draws of its own, which the seed, the step and its place among the parts decide."""
    training = dataclasses.replace(TRAINING, micro_batches=4)
    first, again = (trained(trainer_of(None, training=training), {}, 1) for _ in range(2))
    assert first == again != trained(trainer_of(None), {}, 1)
    trainer = trainer_of(None, training=training)
    seeds = {trainer._dropout_seed(index) for index in range(4)}
    trainer.steps += 1
    assert len(seeds | {trainer._dropout_seed(index) for index in range(4)}) == 8
