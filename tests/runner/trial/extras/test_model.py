"""The network that a trial keeps: the one that answered, to the last bit."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from runner.extras import EXTRAS, Planned
from runner.spec import Record
from runner.store import reader
from runner.store.errors import StoreError
from runner.store.extra_files import read_extra
from runner.trial import run
from runner.trial.checkpoints import content_hash
from runner.trial.extras.model import KeptModel, packed, restored
from runner.trial.run import run_trial
from tests.runner.small_trials import DATA, StopAfter, spec_of

MODEL = Record(extras=("model",))


def kept(workplace, spec):
    """The network that a trial has kept."""
    record = reader.commit_record(workplace.root, spec.trial_id)
    return restored(read_extra(workplace.root, record, "model"))


def test_a_network_comes_back_to_the_last_bit():
    """Values, shapes and types of pruned layers and of others; a layer's bits need not fill a byte."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(5, 7, generator=generator)
    mask = weight > 0
    state = {
        "a.weight": weight.where(mask, 0),
        "a.bias": torch.randn(5),
        "steps": torch.tensor(7),
        "h": torch.ones(3).half(),
    }
    model = KeptModel(trial_id="0123456789abcdef", state=state, masks={"a.weight": mask})
    found = restored(packed(model).payload)
    assert found.trial_id == model.trial_id
    assert content_hash(found.state) == content_hash(state)
    assert content_hash(found.masks) == content_hash(model.masks)


def test_a_removed_weight_that_is_not_zero_is_refused():
    """The file has no place for it: it would be lost without a word."""
    with pytest.raises(ValueError, match=r"removed weights of a\.weight that are not zero"):
        packed(KeptModel(trial_id="t", state={"a.weight": torch.ones(4)}, masks={"a.weight": torch.arange(4) > 1}))


def test_bytes_that_are_no_network_are_refused():
    """Cut, empty or of another format: one line."""
    whole = packed(KeptModel(trial_id="t", state={"w": torch.ones(4)}, masks={})).payload
    for payload in (b"", whole[:40], whole[:-1], whole.replace(b'\\"format\\": 1', b'\\"format\\": 2')):
        with pytest.raises(StoreError):
            restored(payload)


@pytest.mark.parametrize("method", ["dense", "imp-ft", "gmp", "mvp"])
def test_a_trial_keeps_the_network_that_answered(workplace, small_model, monkeypatch, method):
    """Its tensors are those of the trainer at the end, zeros where the masks have none; dense ones have no masks."""
    seen = {}
    answers_of = vars(run)["answers_of"]

    def looked(trial, history):
        seen["state"] = {name: value.clone() for name, value in trial.trainer.network.state_dict().items()}
        seen["sparsity"] = trial.spec.sparsity
        return answers_of(trial, history)

    monkeypatch.setattr(run, "answers_of", looked)
    spec = spec_of(method, sparsity=0.9, record=MODEL)
    for one in [spec.dense, spec] if spec.shares_parent else [spec]:
        run_trial(one, workplace=workplace, data=DATA, keep_state=True)
    model = kept(workplace, spec)
    assert content_hash(model.state) == content_hash(seen["state"])
    removed = sum(int((~mask).sum()) for mask in model.masks.values())
    prunable = reader.commit_record(workplace.root, spec.trial_id).facts.prunable
    assert removed == (0 if spec.is_dense else pytest.approx(0.9 * prunable, abs=2))


def test_an_interrupted_trial_keeps_the_same_bytes(workplace, small_model, tmp_path):
    """Stopped at every epoch, it leaves the file that an undisturbed one leaves."""
    spec = spec_of("gmp", record=MODEL)
    other = dataclasses.replace(workplace, root=tmp_path / "other")
    run_trial(spec, workplace=other, data=DATA)
    while run_trial(spec, workplace=workplace, data=DATA, hooks=StopAfter(1).hooks()).status == "stopped":
        pass
    mine, theirs = (reader.commit_record(place.root, spec.trial_id).extras for place in (workplace, other))
    assert (mine[0].sha256, mine[0].content) == (theirs[0].sha256, theirs[0].content)


def test_what_a_trial_keeps_changes_no_row(workplace, small_model):
    """With a model and without one: the same rows, of trials of two ids."""
    plain, keeping = spec_of("mp-ai"), spec_of("mp-ai", record=MODEL)
    assert plain.trial_id != keeping.trial_id
    for spec in (plain, keeping):
        run_trial(spec, workplace=workplace, data=DATA)
    rows = [reader.commit_record(workplace.root, spec.trial_id).rows_sha256 for spec in (plain, keeping)]
    assert rows[0] == rows[1]


def test_a_plan_says_what_a_network_takes():
    """Within a hundredth of what a file of that size really takes, above a few kilobytes of names."""
    weight = torch.randn(400, 500)
    mask = torch.rand(400, 500) > 0.8
    model = KeptModel(trial_id="t", state={"w": weight * mask, "b": torch.randn(500)}, masks={"w": mask})
    planned = Planned(parameters=200_500, prunable=200_000, layers=1, removed=float((~mask).sum()))
    assert len(packed(model).payload) == pytest.approx(EXTRAS["model"].bytes(planned), rel=0.01)
