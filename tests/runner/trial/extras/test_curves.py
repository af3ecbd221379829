"""Learning curves that a trial keeps: what the training saw, the same however often it was interrupted."""

from __future__ import annotations

import dataclasses

import pyarrow.parquet as pq
import pytest

from runner.spec import Record
from runner.store import reader
from runner.store.extra_files import read_extra
from runner.store.rows import in_memory
from runner.trial.extras import curves
from runner.trial.run import Hooks, run_trial
from tests.runner.small_trials import DATA, TRAINING, spec_of

pytestmark = pytest.mark.usefixtures("small_model")

CURVES = Record(extras=("curves",))
STEPS = 24
"""Three epochs of eight steps."""


def kept(workplace, spec):
    """The rows that a trial has kept."""
    payload = read_extra(workplace.root, reader.commit_record(workplace.root, spec.trial_id), "curves")
    return pq.ParquetFile(in_memory(payload)).read().to_pylist()


def test_every_step_is_a_row_of_a_short_training(workplace):
    """Loss at every step, validation at the ends of epochs alone, and the last one is that of the network itself."""
    spec = spec_of(record=Record(splits=("validation", "test"), extras=("curves",)))
    run_trial(spec, workplace=workplace, data=DATA)
    rows = kept(workplace, spec)
    assert [row["step"] for row in rows] == list(range(1, STEPS + 1))
    assert [row["step"] for row in rows if row["validation"] is not None] == [8, 16, 24]
    assert rows[-1]["validation"] == pytest.approx(
        reader.commit_record(workplace.root, spec.trial_id).facts.metrics["validation"]["accuracy"]
    )
    assert sum(row["loss"] for row in rows[-8:]) < sum(row["loss"] for row in rows[:8])
    assert all(row["sparsity"] == 0 for row in rows)


def test_the_loss_is_the_mean_of_the_steps_of_a_row(workplace, monkeypatch):
    """With fewer points each has the mean of the losses of its steps."""
    spec = spec_of(record=CURVES, training=dataclasses.replace(TRAINING, batch_size=15))
    run_trial(spec, workplace=workplace, data=DATA)
    each = [row["loss"] for row in kept(workplace, spec)]
    monkeypatch.setattr(curves, "MOST_POINTS", 6)
    other = dataclasses.replace(workplace, root=workplace.root.with_name("few"))
    run_trial(spec, workplace=other, data=DATA)
    rows = kept(other, spec)
    assert [row["step"] for row in rows] == [4, 8, 12, 16, 20, 24]
    assert [row["loss"] for row in rows] == pytest.approx([sum(each[at : at + 4]) / 4 for at in range(0, 24, 4)])


def test_sparsity_rises_as_weights_go(workplace):
    """Of a gradual method; the last row has what the commit record has."""
    spec = spec_of("gmp", record=CURVES)
    run_trial(spec, workplace=workplace, data=DATA)
    removed = [row["sparsity"] for row in kept(workplace, spec)]
    assert removed == sorted(removed)
    assert removed[0] < removed[-1]
    assert removed[-1] == pytest.approx(reader.commit_record(workplace.root, spec.trial_id).facts.achieved_sparsity)


@pytest.mark.parametrize("method", ["dense", "gmp", "imp-ft"])
def test_interrupted_anywhere_the_curves_are_the_same(workplace, tmp_path, monkeypatch, method):
    """Stopped every third step, within epochs too, a trial keeps the bytes that an undisturbed one keeps; a child
    begins with the curve of its dense parent, as if it had trained alone."""
    monkeypatch.setattr("runner.trial.checkpoint_interval.ASKING_SECONDS", 0.0)
    spec = spec_of(method, record=CURVES)
    whole = dataclasses.replace(workplace, root=tmp_path / "whole")
    for place in (workplace, whole):
        if spec.shares_parent:
            run_trial(spec.dense, workplace=place, data=DATA, keep_state=True)
    run_trial(spec, workplace=whole, data=DATA)
    asked = iter([False, False, True] * 60)
    while (
        run_trial(spec, workplace=workplace, data=DATA, hooks=Hooks(should_stop=lambda: next(asked))).status
        == "stopped"
    ):
        pass
    mine, theirs = (reader.commit_record(place.root, spec.trial_id).extras for place in (workplace, whole))
    assert mine[0].sha256 == theirs[0].sha256
    assert kept(workplace, spec)[0]["step"] == 1


def test_micro_batches_count_by_their_examples(workplace):
    """The loss of a batch in two parts is that of the whole, as far as dropout lets them be compared."""
    spec = spec_of(record=CURVES, training=dataclasses.replace(TRAINING, micro_batches=2))
    run_trial(spec, workplace=workplace, data=DATA)
    assert [row["step"] for row in kept(workplace, spec)] == list(range(1, STEPS + 1))


def test_watching_changes_no_row(workplace):
    """Validation in the midst of a training draws nothing: predictions are those of a trial without curves."""
    plain, watched = spec_of("gmp"), spec_of("gmp", record=CURVES)
    for spec in (plain, watched):
        run_trial(spec, workplace=workplace, data=DATA)
    first, second = (reader.commit_record(workplace.root, spec.trial_id) for spec in (plain, watched))
    assert first.rows_sha256 == second.rows_sha256


def test_a_loss_that_is_no_number_is_null(workplace):
    """A training that diverges leaves rows without a loss, and not a number that looks like one."""
    spec = spec_of(record=CURVES, training=dataclasses.replace(TRAINING, learning_rate=1e30, clip_norm=0.0))
    run_trial(spec, workplace=workplace, data=DATA)
    assert kept(workplace, spec)[-1]["loss"] is None
