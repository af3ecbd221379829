"""Trials on images: varied anew in every epoch, stopped anywhere, stored and read back."""

from __future__ import annotations

import dataclasses

import piesweep
import pyarrow as pa
import pytest

from runner.spec import TrialSpec
from runner.store.reader import task_data
from runner.store.verify import broken_invariants
from runner.store.writer import freeze_plan, save_task
from runner.studies.checks import problems
from runner.studies.study import Study
from runner.training import Training
from runner.trial.checkpoint_interval import Interval
from runner.trial.run import Hooks, run_trial
from tests.runner.small_images import small_images
from tests.runner.small_trials import committed

IMAGES = small_images()
TRAINING = Training(epochs=2, batch_size=16, learning_rate=0.02)


def spec_of(method="dense", **fields):
    """A trial of the small convnet."""
    values = {"training": TRAINING, "data": IMAGES.fingerprint, "sparsity": 0.0 if method == "dense" else 0.5, **fields}
    return TrialSpec(task="patches", model="convnet", architecture="convnet", method=method, seed=1, **values)


def hash_of(place, spec, data=IMAGES):
    """The trained state of a dense trial, as its commit names it."""
    run_trial(spec, workplace=place, data=data)
    return committed(place, spec)[0]["facts"]["weights"]


def test_training_varies_images_unless_told_otherwise(workplace):
    """The task's own variations and the same by name train one network; each other choice another one."""
    found = {
        choice: hash_of(workplace, spec_of(training=dataclasses.replace(TRAINING, augmentation=choice)))
        for choice in ("task", "flip-and-crop", "none", "flip", "crop")
    }
    assert found["task"] == found["flip-and-crop"]
    assert len(set(found.values())) == 4


def test_ids_name_what_differs_from_the_tasks_own():
    """The default leaves an id as it was before there was a choice."""
    assert spec_of().trial_id == spec_of(training=dataclasses.replace(TRAINING, augmentation="task")).trial_id
    assert spec_of().trial_id != spec_of(training=dataclasses.replace(TRAINING, augmentation="none")).trial_id
    assert small_images(()).fingerprint != IMAGES.fingerprint


@pytest.mark.parametrize("method", ["dense", "mp"])
def test_it_goes_on_in_the_middle_of_an_epoch(workplace, tmp_path, monkeypatch, method):
    """Stopped after every step, it ends in the rows and the state of an undisturbed trial."""
    other = dataclasses.replace(workplace, root=tmp_path / "other")
    spec = spec_of(method)
    for place in (workplace, other):
        if method != "dense":
            run_trial(spec.dense, workplace=place, data=IMAGES, keep_state=True)
    run_trial(spec, workplace=other, data=IMAGES)
    monkeypatch.setattr(Interval, "is_time_to_ask", lambda self: True)
    stops = 0
    always = Hooks(should_stop=lambda: True)
    while run_trial(spec, workplace=workplace, data=IMAGES, hooks=always).status == "stopped":
        stops += 1
    assert stops == 5
    (mine, my_rows), (theirs, their_rows) = (committed(place, spec) for place in (workplace, other))
    assert my_rows.equals(their_rows)
    assert mine["facts"].get("weights") == theirs["facts"].get("weights")


def test_a_store_keeps_images_and_gives_them_back(workplace):
    """Card, fingerprint and bytes come back; SQL has no column of bytes; a store verifies."""
    save_task(workplace.root, IMAGES)
    found = task_data(workplace.root, "patches")
    assert (found.images, found.fingerprint) == (IMAGES.images, IMAGES.fingerprint)
    assert found.examples.equals(IMAGES.examples)
    freeze_plan(workplace.root, {"name": "patches"}, [spec_of()])
    run_trial(spec_of(), workplace=workplace, data=found)
    assert broken_invariants(workplace.root) == []
    table = piesweep.open(workplace.root).sql("SELECT * FROM examples").arrow()
    rows = table if isinstance(table, pa.Table) else table.read_all()
    assert "pixels" not in rows.column_names
    assert rows.num_rows == 78


def test_texts_are_not_varied(tmp_path):
    """A study that would vary texts is told so."""
    (tmp_path / "t.csv").write_text("text,label\na,x\nb,y\n")
    place = str(tmp_path / "t.csv")
    given = {
        "name": "own",
        "tasks": [{"name": "own", "train": place, "test": place, "text": "text", "label": "label"}],
        "models": ["bilstm"],
        "methods": ["mp-ai"],
        "sparsities": [0.5],
        "seeds": 2,
        "training": {"epochs": 1, "batch_size": 4, "learning_rate": 0.01, "augmentation": "flip"},
    }
    assert "varies images, and own has none" in problems(Study.model_validate(given))[0].message
