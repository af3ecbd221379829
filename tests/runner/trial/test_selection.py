"""The network that ends a phase is the best of those that the phase passed through, once nothing more is removed."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from torch import nn

from analysis.page.cautions import cautions
from analysis.results import Results
from analysis.tables import build_table
from runner.store.writer import save_task
from runner.training import Finetuning, Selection, Training
from runner.trial.distillation import BestSoFar
from runner.trial.run import run_trial
from runner.trial.selection import Judge
from tests.runner.small_network import encode, small_task
from tests.runner.small_trials import DATA, committed, spec_of

from .test_plain_loops import LAYERS, same, steps_of
from .test_trainer import trainer_of

RESTLESS = Training(epochs=4, batch_size=16, learning_rate=1.5)
"""So high a rate that the loss goes up and down."""


def looked_at(trainer, split="validation"):
    """What a plain loop makes of a split: (loss, accuracy) of a network."""
    examples = small_task().split(split)
    inputs, labels = encode(None, examples).pixels, torch.tensor(examples["label"].to_pylist())

    def look(network):
        with torch.no_grad():
            made = network.eval()(inputs)
        return float(nn.functional.cross_entropy(made, labels)), float((made.argmax(1) == labels).float().mean())

    return look


def plain_loop(trainer, every, split="validation"):
    """Train as the trainer does, dense; the weights, loss and accuracy after every `every`-th step."""
    network, look, found = copy.deepcopy(trainer.network), looked_at(trainer, split), []
    optimizer = torch.optim.Adam(network.parameters(), lr=RESTLESS.learning_rate, fused=True)
    for step, rows in steps_of(trainer):
        batch = trainer.training_set.batch(rows)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network.train()(**batch.inputs), batch.targets).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % every == 0 or step + 1 == 32:
            state = torch.get_rng_state()
            weights = {name: value.clone() for name, value in network.state_dict().items()}
            found.append((step + 1, weights, *look(network)))
            torch.set_rng_state(state)
    return found


@pytest.mark.parametrize("method", ["pins-erm", "imp"])
def test_what_has_grown_back_does_not_choose_the_network(method):
    """Where removed weights grow between decisions, networks are judged without them, as they would answer."""
    training = dataclasses.replace(RESTLESS, learning_rate=0.2, selection=Selection(best="loss", every=1))
    trainer = trainer_of(method, 0.7, training=training)
    look, seen, best = looked_at(trainer), [], trainer.best
    judge = best.judge.measure

    def measure():
        masks, weights = trainer.pruner.masks, trainer.pruner.weights
        assert all((weights[name][~mask] == 0).all() for name, mask in masks.items())
        seen.append((judge(), trainer.steps))
        assert seen[-1][0] == pytest.approx(look(trainer.network)[0], rel=1e-5)
        return seen[-1][0]

    best.judge = dataclasses.replace(best.judge, measure=measure)
    assert trainer.train(lambda moment: True)
    assert (min(seen)[1], min(seen)[0]) == (best.taken, pytest.approx(look(trainer.network)[0], rel=1e-5))


@pytest.mark.parametrize("every", [0, 3])
@pytest.mark.parametrize(("best", "split"), [("loss", "validation"), ("accuracy", "validation"), ("loss", "test")])
def test_the_best_network_of_a_plain_loop_answers(every, best, split):
    """The lowest loss or the highest accuracy, the first of equals, at the ends of epochs or at every third step."""
    training = dataclasses.replace(RESTLESS, selection=Selection(best=best, split=split, every=every))
    trainer = trainer_of(training=training)
    seen = plain_loop(trainer, every or 8, split)
    expected = min(seen, key=lambda one: one[2] if best == "loss" else -one[3])
    assert expected[0] != 32, "where the last network is the best one, nothing is shown"
    assert trainer.train(lambda moment: True)
    assert trainer.best.taken == expected[0]
    same(dict(trainer.network.state_dict()), expected[1])


@pytest.mark.parametrize(
    ("method", "begins"), [("imp-ft", {8, 16, 24}), ("mp-os", {8}), ("gmp", set()), ("rp-ai", set())]
)
def test_only_networks_that_lose_nothing_more_are_looked_at(method, begins):
    """Phases end with a network of their own sparsity: while a gradual method removes, no network is looked at."""
    training = dataclasses.replace(RESTLESS, epochs=1, selection=Selection(best="loss", every=1))
    trainer = trainer_of(method, 0.7, training=training)
    looked, sparsities = [], {}
    consider = trainer.best.consider

    def watching(moment):
        looked.append(moment.step)
        sparsities[moment.step] = round(
            1 - sum(map(torch.count_nonzero, map(trainer.network.get_parameter, LAYERS))).item() / 272, 2
        )
        consider(moment)

    trainer.best.consider = watching
    assert trainer.train(lambda moment: True)
    if method == "gmp":
        assert looked == [*range(7, 9)]
        assert set(sparsities.values()) == {0.7}
    else:
        assert looked == [*range(1, trainer.timeline.steps + 1)]
    masks = trainer.pruner.masks
    assert sum(int((~mask).sum()) for mask in masks.values()) == pytest.approx(0.7 * 272, abs=1)
    assert all((trainer.network.get_parameter(name)[~masks[name]] == 0).all() for name in LAYERS)
    assert begins <= {*looked}


def test_a_ramp_that_ends_with_the_training_leaves_the_last_network():
    """Where the last weights go after the last step there is no network to choose: none is, and nothing is claimed."""
    training = dataclasses.replace(RESTLESS, selection=Selection(best="loss"))
    trainer = trainer_of("gmp", 0.7, training=training, options=(("ends", 1.0),))
    assert trainer.train(lambda moment: True)
    assert trainer.best.taken is None
    removed = sum(int((~mask).sum()) for mask in trainer.pruner.masks.values())
    assert removed == pytest.approx(0.7 * 272, abs=1)


def test_a_loss_that_is_no_number_is_never_the_best():
    """NaN neither wins nor bars the way."""
    training = dataclasses.replace(RESTLESS, selection=Selection(best="loss", every=1))
    trainer = trainer_of(training=training)
    given = iter([None, 2.0, None, 1.5, *[3.0] * 28])
    trainer.best.judge = Judge(measure=lambda: next(given), is_loss=True)
    assert trainer.train(lambda moment: True)
    assert trainer.best.taken == 4


def test_a_teacher_that_is_judged_by_loss_has_the_lowest_so_far():
    """Looks that find a higher loss, or no number, leave the teacher that there is."""
    trainer = trainer_of("pins", 0.7, training=RESTLESS, options=(("looks_every", 8),))
    (teacher,) = (part for part in trainer.parts if isinstance(part, BestSoFar))
    given, taken, take = iter([2.0, None, 1.5, 3.0]), [], teacher.take
    teacher.judge = Judge(measure=lambda: next(given), is_loss=True)

    def taking(network):
        taken.append(trainer.steps)
        take(network)

    teacher.take = taking
    assert trainer.train(lambda moment: True)
    assert taken == [0, 16]
    assert trainer.state()[0]["taught.value"] == -1.5


@pytest.mark.usefixtures("small_model")
def test_a_trial_says_which_network_answers(workplace):
    """The step stands in the facts of its record, and not in those of trials whose last network answers; the pruned
    trial goes on from the network that its dense parent answers with."""
    training = Training(epochs=3, batch_size=16, learning_rate=0.3, selection=Selection(best="loss"))
    dense, pruned = (spec_of(method, training=training) for method in ("dense", "imp-ft"))
    for spec in (dense, pruned, spec_of()):
        run_trial(spec, workplace=workplace, data=DATA, keep_state=True)
    assert 0 < committed(workplace, dense)[0]["facts"]["selected_step"] <= 24
    assert committed(workplace, pruned)[0]["facts"]["selected_step"] > 72
    assert "selected_step" not in committed(workplace, spec_of())[0]["facts"]


@pytest.mark.usefixtures("small_model")
@pytest.mark.parametrize(
    ("split", "said"), [("test", "Chosen on the test split: the networks of points, small"), ("validation", "")]
)
def test_tables_name_a_choice_on_the_test_split(workplace, split, said):
    """Every table says under it that its numbers flatter; of a choice on held-out data nothing has to be said."""
    training = Training(epochs=1, batch_size=16, learning_rate=0.3, selection=Selection(best="loss", split=split))
    save_task(workplace.root, DATA)
    for method in ("dense", "mp-ai"):
        run_trial(spec_of(method, training=training), workplace=workplace, data=DATA)
    results = Results.of(workplace.root)
    assert said in build_table("effectiveness", results).caption
    assert bool(said) == ("flatters" in build_table("hyperparameters", results).caption)
    assert any(caution.startswith(said) for caution in cautions(results)) or not said


def test_later_phases_are_trained_as_the_study_says():
    """Their epochs, highest rate, curve and optimizer; the dense trial is not touched by them, nor its id."""
    finetuning = Finetuning(epochs=2, learning_rate=0.01, learning_rates="milestones", milestones=((1, 0.5),))
    training = dataclasses.replace(RESTLESS, finetuning=finetuning)
    trainer = trainer_of("mp-os", 0.5, training=training)
    rates: list[float] = []
    update = trainer.engine.update

    def watched(learning_rate: float) -> None:
        rates.append(learning_rate)
        update(learning_rate)

    trainer.engine.update = watched
    assert trainer.train(lambda moment: True)
    assert trainer.timeline.phases == (4, 2)
    assert rates == [1.5] * 32 + [0.01] * 8 + [0.005] * 8
    pruned = spec_of("mp-os", data=DATA, training=training)
    assert pruned.dense.trial_id == spec_of(training=RESTLESS).trial_id
    assert pruned.trial_id != spec_of("mp-os", training=RESTLESS).trial_id
