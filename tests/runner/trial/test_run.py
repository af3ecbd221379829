"""One trial through the store: what it resumes, shares, refuses, and that it commits once."""

from __future__ import annotations

import dataclasses
import json

import pytest

import runner.trial.assembly
import runner.trial.states
from runner.pruning.schedules import Levels
from runner.spec import Protocol, Record
from runner.store.layout import Layout
from runner.trial.checkpoints import STATE, TRAINED, CheckpointError, load
from runner.trial.run import Hooks, Outcome, ParentMissing, run_trial
from tests.runner.small_trials import DATA, MULTI, StopAfter, committed, spec_of
from tests.runner.store import tampering

pytestmark = pytest.mark.usefixtures("small_model")


def test_a_dense_trial_leaves_its_trained_state_and_says_its_hash(workplace):
    """keep_state keeps exactly the state that the commit names; children record the same hash as their parent's."""
    dense, child = spec_of(), spec_of("imp-ft")
    run_trial(dense, workplace=workplace, data=DATA, keep_state=True)
    folder = Layout(workplace.root).checkpoint(dense.trial_id)
    assert [path.name for path in folder.iterdir()] == [TRAINED]
    weights = committed(workplace, dense)[0]["facts"]["weights"]
    assert load(folder / TRAINED, dense.trial_id).content == weights
    run_trial(child, workplace=workplace, data=DATA)
    record, _ = committed(workplace, child)
    assert record["facts"]["parent_weights"] == weights
    assert record["parent_id"] == dense.trial_id
    assert "weights" not in record["facts"]


def test_a_trial_is_committed_once(workplace):
    """Running it again changes nothing and trains nothing."""
    spec = spec_of()
    run_trial(spec, workplace=workplace, data=DATA)
    before = Layout(workplace.root).commit(spec.trial_id).read_bytes()
    again = run_trial(spec, workplace=workplace, data=DATA, hooks=Hooks(on_epoch=lambda *_: pytest.fail("it trained")))
    assert again.status == "already"
    assert Layout(workplace.root).commit(spec.trial_id).read_bytes() == before


@pytest.mark.parametrize("method", ["dense", "iibp-wr", "irp-ft", "ibp-ai"])
@pytest.mark.parametrize("multi_label", [False, True])
def test_stopped_at_every_epoch_it_commits_the_undisturbed_rows(workplace, tmp_path, method, multi_label):
    """Same rows, same trained state, same facts as a trial that ran through; each restore is counted."""
    data = MULTI if multi_label else DATA
    spec = spec_of(
        method,
        data=data,
        protocol=Protocol.release(),
        record=Record(splits=("train", "test"), probabilities=True, el2n=True),
    )
    other = dataclasses.replace(workplace, root=tmp_path / "other")
    for place in (workplace, other):
        if spec.shares_parent:
            run_trial(spec.dense, workplace=place, data=data, keep_state=True)
    run_trial(spec, workplace=other, data=data)
    stops = 0
    while (outcome := run_trial(spec, workplace=workplace, data=data, hooks=StopAfter(1).hooks())).status == "stopped":
        stops += 1
        assert (Layout(workplace.root).checkpoint(spec.trial_id) / STATE).exists()
    assert outcome.status == "committed"
    assert stops == (8 if spec.shares_parent else 2)  # at every epoch but the last, which ends in a commit
    (mine, my_rows), (theirs, their_rows) = (committed(place, spec) for place in (workplace, other))
    assert my_rows.equals(their_rows)
    assert mine["rows_sha256"] == theirs["rows_sha256"]
    assert mine["facts"].pop("restored_checkpoints") == stops
    for facts in (mine["facts"], theirs["facts"]):
        facts.pop("seconds")
    assert mine["facts"] == theirs["facts"]


@pytest.mark.parametrize(
    "method", ["dense", "imp-ft", "gmp", "mvp", "imp-kd", "pins", "pins-kd", "platon", "l0", "pst"]
)
def test_a_trial_goes_on_in_the_middle_of_an_epoch(workplace, tmp_path, monkeypatch, method):
    """Stopped at a step within an epoch, it has saved its state there, and ends in the rows of an undisturbed one."""
    monkeypatch.setattr("runner.trial.checkpoint_interval.ASKING_SECONDS", 0.0)
    spec = spec_of(method, sparsity=0.0 if method == "dense" else 0.9, record=Record(probabilities=True))
    whole = dataclasses.replace(workplace, root=tmp_path / "whole")
    for place in (workplace, whole):
        if spec.parent:
            run_trial(spec.dense, workplace=place, data=DATA, keep_state=True)
    run_trial(spec, workplace=whole, data=DATA)
    asked = iter([False, False, True] * 40)  # a step in three, so that stops fall everywhere within an epoch of eight
    outcomes: list[Outcome] = []
    while not outcomes or outcomes[-1].status == "stopped":
        outcomes.append(run_trial(spec, workplace=workplace, data=DATA, hooks=Hooks(should_stop=lambda: next(asked))))
    steps = 96 - 24 * spec.shares_parent if method in ("imp-ft", "imp-kd") else 24
    assert len(outcomes) == -(-steps // 3)
    mine, theirs = committed(workplace, spec)[0], committed(whole, spec)[0]
    assert mine["rows_sha256"] == theirs["rows_sha256"]
    assert mine["facts"].get("layer_sparsity") == theirs["facts"].get("layer_sparsity")
    assert (mine.get("parent_id") == spec.dense.trial_id) == (method in ("imp-ft", "imp-kd", "pins-kd"))


def test_children_equal_trials_that_share_nothing(workplace, tmp_path, monkeypatch):
    """A child's rows, probabilities to the last bit included, are those of the same trial trained alone from step 0."""
    spec = spec_of("iibp-ft", record=Record(probabilities=True))
    run_trial(spec.dense, workplace=workplace, data=DATA, keep_state=True)
    run_trial(spec, workplace=workplace, data=DATA)
    alone = dataclasses.replace(workplace, root=tmp_path / "alone")
    monkeypatch.setattr(runner.trial.states.States, "_start_from_parent", lambda *_: None)
    seen: list[int] = []
    run_trial(spec, workplace=alone, data=DATA, hooks=Hooks(on_epoch=lambda done, _: seen.append(done)))
    assert seen[0] == 1, "it trained the dense phase itself"
    assert committed(alone, spec)[0]["rows_sha256"] == committed(workplace, spec)[0]["rows_sha256"]


def test_a_level_equals_the_same_levels_trained_alone(workplace, tmp_path, monkeypatch):
    """From the state of the level below the third commits the rows of a trial that went through all levels itself."""
    levels = [spec_of("lth", sparsity=Levels().gone(level), record=Record(probabilities=True)) for level in (1, 2, 3)]
    for spec in (levels[0].dense, *levels):
        run_trial(spec, workplace=workplace, data=DATA, keep_state=True)
    record, _ = committed(workplace, levels[2])
    assert record["parent_id"] == levels[1].trial_id
    assert record["facts"]["parent_weights"] == committed(workplace, levels[1])[0]["facts"]["weights"]
    (Layout(workplace.root).checkpoint(levels[1].trial_id) / TRAINED).unlink()
    assert run_trial(levels[1], workplace=workplace, data=DATA, rebuild=True).status == "rebuilt"
    alone = dataclasses.replace(workplace, root=tmp_path / "alone")
    monkeypatch.setattr(runner.trial.states.States, "_start_from_parent", lambda *_: None)
    run_trial(levels[2], workplace=alone, data=DATA)
    theirs, _ = committed(alone, levels[2])
    assert record["rows_sha256"] == theirs["rows_sha256"]
    assert record["facts"]["layer_sparsity"] == theirs["facts"]["layer_sparsity"]
    assert record["facts"]["achieved_sparsity"] == pytest.approx(0.488, abs=0.004)


def test_a_missing_parent_is_named(workplace):
    """Without the parent's state a child says whose is missing, so that the sweep can train it again."""
    spec = spec_of("imp-wr")
    with pytest.raises(ParentMissing, match=spec.dense.trial_id) as caught:
        run_trial(spec, workplace=workplace, data=DATA)
    assert caught.value.parent_id == spec.parent_id


def test_a_lost_trained_state_is_rebuilt_and_checked(workplace):
    """Rebuilding trains again to the committed hash, writes the state, and commits nothing."""
    spec = spec_of(record=Record(splits=("train",), el2n=True))
    run_trial(spec, workplace=workplace, data=DATA)
    commit = Layout(workplace.root).commit(spec.trial_id)
    before = commit.read_bytes()
    state = Layout(workplace.root).checkpoint(spec.trial_id) / TRAINED
    assert not state.exists()
    assert run_trial(spec, workplace=workplace, data=DATA, rebuild=True).status == "rebuilt"
    assert load(state, spec.trial_id).content == json.loads(before)["facts"]["weights"]
    assert commit.read_bytes() == before
    assert len(list(Layout(workplace.root).data.iterdir())) == 1


def test_a_rebuilt_state_that_differs_is_refused(workplace, monkeypatch):
    """If training again ends elsewhere, nothing is written and the error says what may be the reason."""
    spec = spec_of()
    run_trial(spec, workplace=workplace, data=DATA)
    monkeypatch.setattr(runner.trial.assembly, "derived_seed", lambda *_: 99)
    with pytest.raises(CheckpointError, match="another device"):
        run_trial(spec, workplace=workplace, data=DATA, rebuild=True)
    assert not (Layout(workplace.root).checkpoint(spec.trial_id) / TRAINED).exists()


@pytest.mark.parametrize("method", ["dense", "rp-ai"])
def test_only_committed_parents_are_rebuilt(workplace, method):
    """There is no state to rebuild of a trial that none continues from, nor of one that never committed."""
    with pytest.raises(ValueError, match="has not committed, or none continues"):
        run_trial(spec_of(method), workplace=workplace, data=DATA, rebuild=True)


def test_children_refuse_a_parent_state_that_its_commit_does_not_name(workplace):
    """A trained state of another run in the parent's place stops the child: its store would contradict itself."""
    spec = spec_of("imp-ft")
    run_trial(spec.dense, workplace=workplace, data=DATA, keep_state=True)
    commit = Layout(workplace.root).commit(spec.dense.trial_id)
    tampering.rewrite(commit, lambda record: record["facts"].update(weights="0" * 64))
    with pytest.raises(CheckpointError, match="committed 0000"):
        run_trial(spec, workplace=workplace, data=DATA)


def test_a_damaged_checkpoint_is_never_passed_over_in_silence(workplace):
    """It is set aside and told of, the trial is trained again with the same rows, and its commit counts the damage."""
    spec = spec_of()
    told: list[str] = []
    assert run_trial(spec, workplace=workplace, data=DATA, hooks=StopAfter(1).hooks()).status == "stopped"
    path = Layout(workplace.root).checkpoint(spec.trial_id) / STATE
    path.write_bytes(path.read_bytes()[:-4])
    again = Hooks(should_stop=lambda: True, on_damage=told.append)
    assert run_trial(spec, workplace=workplace, data=DATA, hooks=again).epochs == 1
    assert path.with_name(f"{STATE}.damaged").exists()
    assert len(told) == 1
    assert "is damaged" in told[0]
    assert "trained again" in told[0]
    assert run_trial(spec, workplace=workplace, data=DATA, hooks=again).status == "stopped"
    run_trial(spec, workplace=workplace, data=DATA)
    facts = committed(workplace, spec)[0]["facts"]
    assert facts["failed_restores"] == 1
    assert facts["restored_checkpoints"] == 2
    assert not path.parent.exists()
    other = dataclasses.replace(workplace, root=workplace.root / "undisturbed")
    run_trial(spec, workplace=other, data=DATA)
    assert committed(other, spec)[0]["rows_sha256"] == committed(workplace, spec)[0]["rows_sha256"]


def test_a_checkpoint_of_another_version_fails_the_trial(workplace):
    """It is no damage: someone may finish the trial with the version that began it."""
    spec = spec_of()
    run_trial(spec, workplace=workplace, data=DATA, hooks=StopAfter(1).hooks())
    path = Layout(workplace.root).checkpoint(spec.trial_id) / STATE
    path.rename(Layout(workplace.root).root / "mine")
    run_trial(spec_of(seed=2), workplace=workplace, data=DATA, hooks=StopAfter(1).hooks())
    (Layout(workplace.root).checkpoint(spec_of(seed=2).trial_id) / STATE).rename(path)
    with pytest.raises(CheckpointError, match="belongs to trial"):
        run_trial(spec, workplace=workplace, data=DATA)
    assert path.exists()


def test_children_of_a_damaged_parent_state_ask_for_the_parent(workplace):
    """The damaged state is set aside, so that the parent is trained again; then the child runs."""
    spec = spec_of("imp-ft")
    told: list[str] = []
    run_trial(spec.dense, workplace=workplace, data=DATA, keep_state=True)
    path = Layout(workplace.root).checkpoint(spec.dense.trial_id) / TRAINED
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ParentMissing):
        run_trial(spec, workplace=workplace, data=DATA, hooks=Hooks(on_damage=told.append))
    assert len(told) == 1
    assert run_trial(spec.dense, workplace=workplace, data=DATA, rebuild=True).status == "rebuilt"
    assert run_trial(spec, workplace=workplace, data=DATA).status == "committed"


def test_a_superseded_trial_writes_nothing(workplace):
    """Once another driver holds the store a trial ends at its next epoch, and leaves the successor's files alone."""
    spec = spec_of()
    outcome = run_trial(spec, workplace=workplace, data=DATA, hooks=Hooks(superseded=lambda: True))
    assert (outcome.status, outcome.epochs) == ("stopped", 1)
    assert not Layout(workplace.root).checkpoint(spec.trial_id).exists()
    third = StopAfter(3).hooks()
    late = Hooks(superseded=third.should_stop, on_epoch=third.on_epoch)
    assert run_trial(spec, workplace=workplace, data=DATA, hooks=late).epochs == 3
    assert not Layout(workplace.root).commit(spec.trial_id).exists()


def test_other_data_than_the_specs_are_refused(workplace):
    """The examples must have the fingerprint the trial's id was made of."""
    with pytest.raises(ValueError, match="was given"):
        run_trial(spec_of(), workplace=workplace, data=MULTI)


def test_hooks_see_every_epoch_of_this_trial(workplace):
    """A child reports its epochs from where its parent ended, of its own total."""
    spec = spec_of("imp-ft")
    run_trial(spec.dense, workplace=workplace, data=DATA, keep_state=True)
    watch = StopAfter(100)
    run_trial(spec, workplace=workplace, data=DATA, hooks=watch.hooks())
    assert watch.seen == [(epoch, 12) for epoch in range(4, 13)]


def test_no_trial_leaks_into_the_next(workplace, tmp_path):
    """In one process after others, a trial gives the rows it gives in a fresh store on its own."""
    spec = spec_of("ibp-ai", record=Record(probabilities=True))
    other = dataclasses.replace(workplace, root=tmp_path / "other")
    for seed in (5, 6):
        run_trial(spec_of("rp-ai", seed=seed), workplace=other, data=DATA)
    for place in (workplace, other):
        run_trial(spec, workplace=place, data=DATA)
    assert committed(other, spec)[0]["rows_sha256"] == committed(workplace, spec)[0]["rows_sha256"]
