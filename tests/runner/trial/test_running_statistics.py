"""Running statistics are part of what is saved, restored, rewound, chosen, taught and hashed; scoring leaves them."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from torch import nn

from runner.models import MODELS, Architecture
from runner.pruning.running_statistics import frozen, recalibrate, refuse_statistics, with_statistics
from runner.spec import TrialSpec
from runner.store.layout import Layout
from runner.studies.checks import problems
from runner.studies.study import Study
from runner.training import Finetuning, Selection, Training
from runner.trial.assembly import assembled
from runner.trial.checkpoints import TRAINED, CheckpointError, content_hash, load, save
from runner.trial.distillation import Distillation
from runner.trial.run import Hooks, run_trial
from tests.runner.small_images import small_images
from tests.runner.small_trials import committed

IMAGES = small_images()
TRAINING = Training(epochs=2, batch_size=16, learning_rate=0.02, optimizer="sgd")


@pytest.fixture(autouse=True)
def _small_resnet(monkeypatch):
    """A residual network of one block a stage."""
    small = dataclasses.replace(MODELS["resnet-20"], options={"width": 4}, fixed={"depth": 8})
    assert isinstance(small, Architecture)
    monkeypatch.setitem(MODELS, "small", small)


def spec_of(method="dense", **fields):
    """A trial of it."""
    values = {"training": TRAINING, "data": IMAGES.fingerprint, "sparsity": 0.0 if method == "dense" else 0.5, **fields}
    return TrialSpec(task="patches", model="small", architecture="small", method=method, seed=1, **values)


def trial_of(workplace, method="dense", **fields):
    """One at step 0."""
    return assembled(spec_of(method, **fields), workplace, IMAGES)


def statistics_of(network):
    """Copies of all running statistics, end to end."""
    return torch.cat([buffer.flatten().double() for layer in with_statistics(network) for buffer in layer.buffers()])


@pytest.mark.parametrize("method", ["dense", "imp-wr", "up"])
def test_a_stopped_trial_ends_as_an_undisturbed_one(workplace, tmp_path, monkeypatch, method):
    """Stopped at steps within epochs; the rows rest on running statistics, which checkpoints bring back."""
    monkeypatch.setattr("runner.trial.checkpoint_interval.ASKING_SECONDS", 0.0)
    whole = dataclasses.replace(workplace, root=tmp_path / "whole")
    spec = spec_of(method)
    for place in (workplace, whole):
        if method != "dense":
            run_trial(spec.dense, workplace=place, data=IMAGES, keep_state=True)
    run_trial(spec, workplace=whole, data=IMAGES)
    asked = iter([False, True] * 40)
    while (
        run_trial(spec, workplace=workplace, data=IMAGES, hooks=Hooks(should_stop=lambda: next(asked))).status
        == "stopped"
    ):
        pass
    mine, theirs = (committed(place, spec)[0] for place in (workplace, whole))
    assert mine["facts"]["restored_checkpoints"] > 1
    assert mine["rows_sha256"] == theirs["rows_sha256"]
    assert mine["facts"]["metrics"] == theirs["facts"]["metrics"]
    assert mine["facts"].get("weights") == theirs["facts"].get("weights")


def test_a_state_holds_them_and_its_hash_knows_them(workplace):
    """One changed running mean is another state."""
    trial = trial_of(workplace)
    assert trial.trainer.train(lambda moment: True)
    tensors, facts = trial.trainer.state()
    names = [name for name in tensors if name.endswith(("running_mean", "running_var", "num_batches_tracked"))]
    assert len(names) == 3 * 7
    changed = {**tensors, names[0]: tensors[names[0]] + 1}
    assert content_hash(changed) != content_hash(tensors)
    other = trial_of(workplace)
    other.trainer.restore(tensors, facts)
    assert torch.equal(statistics_of(other.trainer.network), statistics_of(trial.trainer.network))


def test_children_refuse_a_parent_with_other_statistics(workplace):
    """The dense trial's commit names the hash of its whole state."""
    dense = spec_of()
    run_trial(dense, workplace=workplace, data=IMAGES, keep_state=True)
    path = Layout(workplace.root).checkpoint(dense.trial_id) / TRAINED
    held = load(path, dense.trial_id)
    held.tensors["network.norm.running_mean"] += 1
    save(path, dense.trial_id, held.tensors, held.facts)
    with pytest.raises(CheckpointError, match=r"has hash .* committed"):
        run_trial(spec_of("mp"), workplace=workplace, data=IMAGES)


def test_rewinding_brings_them_back(workplace):
    """After a cut with rewinding they are those of step 0: means 0, variances 1, no batch counted."""
    trial = trial_of(workplace, "imp-wr")
    seen = []

    def watch(moment):
        seen.append(int(trial.trainer.network.norm.num_batches_tracked))
        return True

    before = statistics_of(trial.trainer.network)
    assert trial.trainer.train(watch)
    assert seen == [*range(1, 7)] + [*range(1, 7)] * 3
    trial.trainer.pruner.method.recovery.recover(trial.trainer.network, trial.trainer.pruner.initial)
    assert torch.equal(statistics_of(trial.trainer.network), before)


def test_the_best_network_has_its_own(workplace):
    """A phase ends with the statistics of the network that was best, not with the last ones."""
    chosen = Selection(best="loss", every=1)
    trial = trial_of(workplace, training=dataclasses.replace(TRAINING, learning_rate=1.0, epochs=3, selection=chosen))
    seen = {}

    def watch(moment):
        seen[moment.step] = statistics_of(trial.trainer.network)
        return True

    assert trial.trainer.train(watch)
    taken = trial.trainer.best.taken
    assert taken < 9, "the last network is not the best, or this shows nothing"
    assert torch.equal(statistics_of(trial.trainer.network), seen[taken])


def test_a_teacher_has_its_own(workplace):
    """What teaches answers with the statistics of the dense parent."""
    dense = trial_of(workplace)
    assert dense.trainer.train(lambda moment: True)
    taught = trial_of(workplace, "imp-kd")
    taught.trainer.restore(*dense.trainer.state())
    (teacher,) = (part for part in taught.trainer.parts if isinstance(part, Distillation))
    assert torch.equal(statistics_of(teacher.network), statistics_of(dense.trainer.network))


@pytest.mark.parametrize("statistics", ["frozen", "moving", "recalibrated"])
def test_what_scoring_does_to_them(workplace, statistics):
    """frozen: nothing. moving: a step for every batch of samples. recalibrated: the mean over training batches of the
    network as the cut leaves it. The weights that go are the same."""
    options = () if statistics == "frozen" else (("statistics", statistics),)
    trial = trial_of(workplace, "up", method_options=options)
    trainer, found = trial.trainer, {}

    def watch(moment):
        if moment.step == 6:
            found["before"] = statistics_of(trainer.network)
            found["count"] = int(trainer.network.norm.num_batches_tracked)
            trainer._decide(moment)
            found["after"] = statistics_of(trainer.network)
            found["counted"] = int(trainer.network.norm.num_batches_tracked)
            return False
        return True

    trainer.train(watch)
    assert trainer.pruner.is_cut
    batches = [batch.inputs for batch in trial.training_set.calibration_batches(1)]
    if statistics == "frozen":
        assert torch.equal(found["after"], found["before"])
    elif statistics == "moving":
        assert found["counted"] == found["count"] + len(trial.training_set.score_batches(1))
        assert not torch.equal(found["after"], found["before"])
    else:
        assert found["counted"] == len(batches) == 3
        means = [trainer.network.first(trainer.network.scaling(**one)).mean((0, 2, 3)) for one in batches]
        torch.testing.assert_close(trainer.network.norm.running_mean, torch.stack(means).mean(0))
        assert all(layer.momentum == 0.1 for layer in with_statistics(trainer.network))


def test_the_three_settings_remove_the_same_weights(workplace):
    """They differ in running statistics alone, which gradients in training mode do not see."""
    found = []
    for statistics in ("frozen", "moving", "recalibrated"):
        options = () if statistics == "frozen" else (("statistics", statistics),)
        training = dataclasses.replace(TRAINING, finetuning=Finetuning(epochs=1, learning_rate=1e-12))
        trial = trial_of(workplace, "up", method_options=options, training=training)
        assert trial.trainer.train(lambda moment: True)
        found.append(content_hash(trial.trainer.pruner.masks))
    assert len(set(found)) == 1


def test_a_look_leaves_them():
    """Whatever happens inside, every buffer is as it was."""
    layer = nn.Sequential(nn.BatchNorm1d(3))
    before = copy.deepcopy(layer.state_dict())
    with frozen(layer):
        layer(torch.rand(4, 3))
        assert int(layer[0].num_batches_tracked) == 1
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())
    recalibrate(layer, [])
    assert torch.equal(layer[0].running_var, torch.ones(3))


def test_several_processes_do_not_share_them(workplace):
    """Shards hold parameters alone: a network with running statistics is refused, and when planning too."""
    with pytest.raises(RuntimeError, match="BatchNorm1d keeps running statistics"):
        refuse_statistics(nn.BatchNorm1d(3))
    with pytest.raises(RuntimeError, match="ResNet keeps running statistics, which several processes do not share"):
        assembled(spec_of(), dataclasses.replace(workplace, zero_stage=1), IMAGES)
    refuse_statistics(nn.Linear(2, 2))
    assert not any(line.shards for line in MODELS.values() if line.couples_examples)


def test_parts_of_a_batch_are_refused():
    """A batch in parts is normalised part by part, which is another network's learning."""
    given = {
        "name": "own",
        "tasks": [{"name": "cifar10"}],
        "models": ["resnet-20"],
        "methods": ["mp"],
        "sparsities": [0.5],
        "seeds": 2,
        "training": {"epochs": 1, "batch_size": 4, "learning_rate": 0.01, "micro_batches": 2},
    }
    assert "normalises over a batch" in problems(Study.model_validate(given))[0].message
