"""`piesweep check`: a study's data before anything trains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runner.command_line import app
from tasks.catalogue import open_task
from tasks.overview import lines_of, overview
from tests.tasks.test_catalogue import made

STUDY = """\
name: mine
tasks: [{name: own, train: train.csv, test: test.csv, text: text, label: label}]
models: [bilstm]
methods: [imp-ft]
sparsities: [0.5]
seeds: 1
training: {epochs: 1, batch_size: 2, learning_rate: 1e-3}
"""
TRAIN = "text,label\nfine,up\nbad,down\nfine,up\nfine day,up\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of one's own with its files, and a cache of its own."""
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / "cache"))
    (tmp_path / "study.yaml").write_text(STUDY)
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "test.csv").write_text("text,label\nbad,down\nnew,other\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_classes_copies_and_doubts_are_shown(folder: Path) -> None:
    """Counts per class and split, lengths, copies, leakage and odd labels; with warnings the exit code is 0."""
    result = CliRunner().invoke(app, ["check", "study.yaml"])
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    for row in (["class", "train", "test"], ["down", "1", "1"], ["up", "3", "0"], ["other", "0", "1"]):
        assert row in lines
    for said in (
        "warning: 1 classes that train does not have, and no network can learn: 'other' (1 in test)",
        "warning: train: 1 of 4 rows repeat the text of another, such as 'fine'",
        "warning: 1 of 2 rows of test stand in train too, such as 'bad': test measures memory there",
        "examples    train 4, test 2",
        "0.0% of train",
    ):
        assert said in result.stdout


def test_json(folder: Path) -> None:
    """The same for scripts, overrides applied."""
    result = CliRunner().invoke(app, ["check", "study.yaml", "tasks.own.max_tokens=1", "--json"])
    (task,) = json.loads(result.stdout)["tasks"]
    assert task["classes"]["up"] == {"train": 3, "test": 0}
    assert [*task["classes"]] == ["down", "other", "up"]
    assert task["cut"] == {"train": 0.25, "test": 0.0}
    assert len(task["warnings"]) == 3


def test_every_refusal_is_named(folder: Path) -> None:
    """Data that are refused end with exit code 2 and a line for each task; the others are shown all the same."""
    (folder / "study.yaml").write_text(
        STUDY.replace("tasks: [", "tasks: [{name: bad, train: test.csv, test: train.csv, text: text, label: label}, ")
    )
    (folder / "test.csv").write_text("text,label\nx,UP\ny,down\n")
    result = CliRunner().invoke(app, ["check", "study.yaml"])
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert "piesweep: task 'bad': 'up' (3 in test), and train has 'UP' instead (1); write both alike" in result.stderr
    assert "task 'own': 'UP' (1 in test), and train has 'up' instead (3)" in result.stderr


def test_a_run_begins_with_what_its_data_are(folder: Path) -> None:
    """The lines that `run` prints: splits with their classes, and a line for each warning."""
    from runner.studies import load

    (choice,) = load("study.yaml").tasks
    first, *rest = lines_of(open_task(choice))
    assert first == "task own: train 4 ('down' 1, 'other' 0, 'up' 3); test 2 ('down' 1, 'other' 1, 'up' 0)"
    assert [line.startswith("warning: own: ") for line in rest] == [True] * 3


def test_many_classes_and_label_sets() -> None:
    """Of many classes a line names the smallest and largest; an example counts for each of its classes."""
    data = made([[0, 1], [1], []], "multi-label")
    assert overview(data)["classes"] == {
        "a": {"train": 1, "test": 1}, "b": {"train": 2, "test": 2}, "c": {"train": 0, "test": 0},
    }  # fmt: skip


@pytest.fixture
def numbers(folder: Path) -> Path:
    """The same study with a task of numbers beside it."""
    scored = "{name: scored, kind: regression, train: n.csv, test: n.csv, text: text, label: label}"
    own = STUDY.splitlines()[1].removeprefix("tasks: [").removesuffix("]")
    (folder / "alone.yaml").write_text(STUDY.replace(own, scored))
    (folder / "both.yaml").write_text(STUDY.replace(own, f"{own}, {scored}"))
    (folder / "n.csv").write_text("text,label\nfine,0.5\nbad,0.25\n")
    return folder


@pytest.mark.parametrize(("what", "more"), [("probabilities", []), ("el2n", ["record.splits=[train,test]"])])
@pytest.mark.parametrize("verb", ["check", "plan"])
def test_numbers_have_no_probabilities(numbers: Path, verb: str, what: str, more: list[str]) -> None:
    """Asked of numbers alone they are refused in one line; beside a task of classes it is said who has none."""
    asked = [f"record.{what}=true", *more]
    refused = CliRunner().invoke(app, [verb, "alone.yaml", *asked])
    assert refused.exit_code == 2
    assert f"record.{what}: no task of the study has any: answers of regression have no classes" in refused.output
    told = CliRunner().invoke(app, [verb, "both.yaml", *asked])
    assert told.exit_code == 0, told.output
    assert f"record.{what}: scored has none, and leaves none" in told.output
