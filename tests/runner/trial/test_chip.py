"""Filters by channel independence, in trials: against the formulas written out, resumed, counted, and refused."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from runner.models import MODELS
from runner.pruning.compression import CompressionError
from runner.spec import TrialSpec
from runner.studies.checks import problems
from runner.studies.study import Study
from runner.training import Training
from runner.trial.assembly import assembled
from runner.trial.reach import require_reach
from runner.trial.run import Hooks, run_trial
from tests.runner.small_images import small_images
from tests.runner.small_trials import committed

IMAGES = small_images()
TRAINING = Training(epochs=2, batch_size=16, learning_rate=0.05, optimizer="sgd", momentum=0.9, weight_decay=1e-3)


@pytest.fixture(autouse=True)
def _small_resnet(monkeypatch):
    """A residual network of one block a stage, of 6, 12 and 24 filters."""
    small = dataclasses.replace(MODELS["resnet-20"], options={"width": 6}, fixed={"depth": 8})
    monkeypatch.setitem(MODELS, "small", small)


def spec_of(method="dense", **fields):
    """A trial of it that removes half of what goes with filters, seen on 40 of the 48 images."""
    values = {"training": TRAINING, "data": IMAGES.fingerprint, "sparsity": 0.0 if method == "dense" else 0.5, **fields}
    if method == "chip":
        values |= {"method_options": (("samples", 40),)}
    return TrialSpec(task="patches", model="small", architecture="small", method=method, seed=1, **values)


def least_independent(network: nn.Module, batches: list[dict[str, Tensor]]) -> list[Tensor]:
    """For every block, which half of its inner filters loses the least nuclear norm, on average over all images."""
    network = copy.deepcopy(network).eval()
    found = []
    for number, block in enumerate(network.blocks):
        losses = []
        for inputs in batches:
            with torch.no_grad():
                stream = network.norm(network.first(network.scaling(**inputs))).relu()
                for earlier in network.blocks[:number]:
                    stream = earlier(stream)
                maps = block.first_norm(block.first(stream)).relu().double().flatten(2)
            for image in maps:
                whole = torch.linalg.matrix_norm(image, ord="nuc")
                rows = torch.arange(len(image))
                losses += [[float(whole - torch.linalg.matrix_norm(image[rows != row], ord="nuc")) for row in rows]]
        order = torch.tensor(losses).mean(0).argsort()
        gone = torch.zeros(len(order), dtype=torch.bool)
        gone[order[: len(order) // 2]] = True
        found.append(gone)
    return found


def test_filters_go_as_the_formulas_say(workplace):
    """The dense training, then the half of every inner convolution that its layer can best do without, gain, shift and
    the next convolution's inputs with it; what is gone is zero to the end, and the draws go on as if nobody had
    looked."""
    trial = assembled(spec_of("chip"), workplace, IMAGES)
    trainer = trial.trainer
    seen: dict[str, Any] = {}
    batches = [
        dict(trial.training_set.batch(rows, trial.training_set.score_draw(1)).inputs)
        for rows in trial.training_set.score_batches(1)
    ]
    assert [len(one["pixels"]) for one in batches] == [16, 16, 8]
    decide = trainer._decide

    def watching(moment):
        if moment.step == 6:
            seen["gone"] = least_independent(trainer.network, batches)
            seen["before"] = copy.deepcopy(dict(trainer.network.named_buffers()))
        decide(moment)
        if moment.step == 6:
            buffers = dict(trainer.network.named_buffers())
            assert all(torch.equal(buffers[name], value) for name, value in seen["before"].items())

    trainer._decide = watching
    assert trainer.train(lambda moment: True)
    masks = trainer.pruner.masks
    for block, gone in zip(trainer.network.blocks, seen["gone"], strict=True):
        assert 0 < int(gone.sum()) < len(gone)
        assert (block.first.weight[gone] == 0).all()
        assert (block.first.weight[~gone] != 0).any((1, 2, 3)).all()
        assert (block.first_norm.weight[gone] == 0).all()
        assert (block.first_norm.bias[gone] == 0).all()
        assert (block.second.weight[:, gone] == 0).all()
    assert set(masks) == {
        f"blocks.{number}.{name}"
        for number in range(3)
        for name in ("first.weight", "first_norm.weight", "first_norm.bias", "second.weight")
    }


def test_a_stopped_trial_ends_as_an_undisturbed_one(workplace, tmp_path, monkeypatch):
    """Stopped at steps before the cut, at it and after it, from checkpoints: the same rows."""
    monkeypatch.setattr("runner.trial.checkpoint_interval.ASKING_SECONDS", 0.0)
    whole = dataclasses.replace(workplace, root=tmp_path / "whole")
    for place in (workplace, whole):
        run_trial(spec_of(), workplace=place, data=IMAGES, keep_state=True)
    run_trial(spec_of("chip"), workplace=whole, data=IMAGES)
    asked = iter([False, True] * 40)
    hooks = Hooks(should_stop=lambda: next(asked))
    while run_trial(spec_of("chip"), workplace=workplace, data=IMAGES, hooks=hooks).status == "stopped":
        pass
    mine, theirs = (committed(place, spec_of("chip"))[0] for place in (workplace, whole))
    assert mine["facts"]["restored_checkpoints"] > 1
    assert mine["rows_sha256"] == theirs["rows_sha256"]
    assert mine["facts"]["metrics"] == theirs["facts"]["metrics"]


def test_the_ratio_that_is_reached_stands_beside_the_one_asked_for(workplace):
    """Of all parameters, as near as whole filters come; what can go is what goes with filters."""
    spec = spec_of("chip", sparsity=0.6, base="all")
    run_trial(spec.dense, workplace=workplace, data=IMAGES, keep_state=True)
    run_trial(spec, workplace=workplace, data=IMAGES)
    record, _ = committed(workplace, spec)
    facts = record["facts"]
    each = [9 * 6 + 2 + 9 * 6, 9 * 6 + 2 + 9 * 12, 9 * 12 + 2 + 9 * 24]
    assert facts["prunable"] == sum(count * one for count, one in zip((6, 12, 24), each, strict=True))
    assert facts["total_sparsity"] == pytest.approx(0.6, abs=each[-1] / 2 / facts["parameters"])
    assert facts["total_sparsity"] != 0.6
    assert facts["achieved_sparsity"] == pytest.approx(
        facts["total_sparsity"] * facts["parameters"] / facts["prunable"]
    )
    shares = facts["layer_sparsity"]
    assert shares["blocks.2.first.weight"] == shares["blocks.2.second.weight"] == shares["blocks.2.first_norm.bias"]


def test_a_last_filter_is_not_asked_for(tmp_path):
    """A ratio, or a share of filters, that would leave a convolution none is refused before anything runs."""
    for fields in ({"sparsity": 0.99}, {"sparsity": 0.95, "base": "all"}):
        with pytest.raises(CompressionError, match=r"small on patches, chip: .* every convolution keeps one"):
            require_reach([spec_of("chip", **fields)], {"patches": IMAGES}, tmp_path)
    require_reach([spec_of("chip", sparsity=0.9)], {"patches": IMAGES}, tmp_path)


@pytest.mark.parametrize(
    ("task", "model", "told"),
    [
        ("movie-snippets", "bilstm", "'chip' removes whole filters of convolutions, and bilstm has none that may go"),
        ("digits", "convnet", "allowed: resnet-20, resnet-32, resnet-44, resnet-56, resnet-110"),
    ],
)
def test_a_network_without_such_filters_is_refused(task, model, told):
    """One line where the method is named, with the networks that have them."""
    given = {
        "name": "own",
        "tasks": [{"name": task}],
        "models": [model],
        "methods": ["mp", "chip"],
        "sparsities": [0.5],
        "seeds": 2,
        "training": {"epochs": 1, "batch_size": 4, "learning_rate": 0.01},
    }
    (found,) = problems(Study.model_validate(given))
    assert told in found.message
    assert found.path == ("methods", 1)
