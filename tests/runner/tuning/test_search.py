"""A search from start to end on a small task: what it tries, what it never sees, how it resumes, what it writes."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from runner.store import reader
from runner.studies import StudyError, load
from runner.sweep import run_study as sweep
from runner.sweep.run_study import Placement
from runner.tuning.findings import best, write_overrides, write_table
from runner.tuning.search import search
from runner.tuning.tries import study_of, tries
from tasks import TASKS
from tasks.base import TaskError
from tests.runner.small_network import small_task
from tests.runner.tuning.points import InThisProcess, study_in, task_of, with_test_labels

pytestmark = pytest.mark.usefixtures("small_model")


@pytest.fixture
def points(monkeypatch, tmp_path):
    """Run a search over the points in this process; examples, budget and interruptions as the test wants them."""
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / "cache"))

    def run(name, *, data=None, budget=4, most=1000, fails="", words=()):
        monkeypatch.setitem(TASKS, "points", task_of(data or small_task()))
        monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / f"cache-{name}"))
        ray = InThisProcess(most, fails)
        monkeypatch.setattr(sweep, "_sweep", ray)
        monkeypatch.setattr(sweep, "_joined", ray.joined)
        done = search(study_in(tmp_path, *words), budget, tmp_path / name, Placement(), Console(file=io.StringIO()))
        return done, ray.ran

    return run


def values(done):
    """Trial ids and validation values, in the order of the draws."""
    return [(one.trial_id, one.value) for one in done.found]


def test_dense_trials_of_one_seed_leave_validation_answers_alone(points, tmp_path):
    """Every draw is one dense trial under the study's first seed, with the study's other settings."""
    done, _ = points("store")
    assert done.end.exit_code == 0
    records = reader.commits(tmp_path / "store")
    assert len(records) == 4
    for record in records:
        assert (record.settings["method"], record.settings["seed"]) == ("dense", 3)
        assert record.rows == {"validation": 30}
        assert record.facts.metrics.keys() == {"validation"}
        assert record.settings["training"]["batch_size"] == 16
        assert 1 <= record.facts.epochs == record.settings["training"]["epochs"] <= 3
        assert 1e-3 <= record.settings["training"]["learning_rate"] <= 5e-2


def test_test_labels_are_never_seen(points, tmp_path):
    """The store that trials read from has no test example, and other test labels change no byte of any draw."""
    done, _ = points("store")
    assert set(reader.task_examples(tmp_path / "store", "points")["split"].to_pylist()) == {"train", "validation"}
    other, _ = points("other", data=with_test_labels(1))
    assert values(other) == values(done)
    assert None not in [value for _, value in values(done)]


def test_an_interrupted_search_goes_on_without_losing_a_draw(points):
    """Exit code 75 in between, only the missing draws afterwards, and the end is that of an undisturbed search."""
    undisturbed, _ = points("undisturbed")
    first, ran = points("store", most=2)
    assert first.end.exit_code == 75
    assert len(ran) == 2
    assert [one.status for one in first.found] == ["done", "done", "missing", "missing"]
    second, ran = points("store")
    assert (second.end.exit_code, len(ran)) == (0, 2)
    assert values(second) == values(undisturbed)
    _, ran = points("store")
    assert ran == []


def test_a_search_stopped_while_its_cluster_was_joined_leaves_nothing(points, tmp_path):
    """Exit code 75, every draw missing, no store; the next search does them all."""
    first, _ = points("store", most=0)
    assert first.end.exit_code == 75
    assert {(one.status, one.metric) for one in first.found} == {("missing", None)}
    assert not (tmp_path / "store").exists()
    second, ran = points("store")
    assert (second.end.exit_code, len(ran)) == (0, 4)


def test_a_larger_budget_tries_the_new_draws_alone(points):
    """Two draws more are two trials more."""
    points("store")
    done, ran = points("store", budget=6)
    assert ran == ["small.0004", "small.0005"]
    assert len(done.found) == 6


def test_a_failed_draw_is_recorded_and_the_best_of_the_others_is_found(points, tmp_path):
    """Exit code 1, the last line of its traceback in the table, and it cannot be chosen."""
    done, _ = points("store", fails="small.0001")
    assert done.end.exit_code == 1
    assert (done.found[1].status, done.found[1].message) == ("failed", "RuntimeError: out of memory")
    (chosen,) = best(done.found).values()
    assert chosen.value == max(one.value for one in done.found if one.value is not None)
    write_table(tmp_path / "draws.csv", done.found)
    rows = list(csv.DictReader((tmp_path / "draws.csv").read_text().splitlines()))
    assert [row["status"] for row in rows] == ["done", "failed", "done", "done"]
    assert [row["best"] for row in rows].count("True") == 1
    assert rows[1]["value"] == ""


def test_the_best_settings_become_overrides_of_the_study(points, tmp_path):
    """The file that is written makes the study train with the best draw, and changes nothing else."""
    done, _ = points("store")
    chosen = best(done.found)
    write_overrides(tmp_path / "tuned.yaml", "points.yaml", chosen)
    before = study_in(tmp_path)
    after = study_in(tmp_path, f"@{tmp_path / 'tuned.yaml'}")
    settings = before.training.of_cell("points", "small") | chosen["points/small"].tried.settings
    assert after.training.of_cell("points", "small") == settings
    assert after.model_dump(exclude={"training"}) == before.model_dump(exclude={"training"})


def test_equal_values_go_to_fewer_epochs_then_to_the_first(points):
    """The cheaper of two that are as good."""
    import dataclasses

    done, _ = points("store")
    found = [
        dataclasses.replace(one, value=0.5, tried=dataclasses.replace(one.tried, settings={"epochs": epochs}))
        for one, epochs in zip(done.found, (3, 1, 1, 2), strict=True)
    ]
    assert best(found)["points/small"].tried.number == 1


def test_multi_label_draws_are_judged_by_macro_f1(points):
    """The task's own metric, with the threshold of training."""
    done, _ = points("store", data=small_task(multi_label=True), words=["protocol.threshold=train"])
    assert {one.metric for one in done.found} == {"macro-f1"}
    records = done.found
    assert all(0 < one.value <= 1 for one in records)


def test_a_task_without_validation_examples_is_refused(points, tmp_path):
    """Nothing is chosen by looking at the test split, and nothing is written."""
    with pytest.raises(TaskError, match="has no validation examples"):
        points("store", data=small_task(sizes={"train": 20, "test": 10}))
    assert not (tmp_path / "store").exists()


def test_the_papers_search_is_800_draws():
    """A hundred draws for each of four tasks and two models, each task's ranges its own."""
    study = load("pie", ["tasks.reuters.data=.", "tasks.aapd.data=.", "models.bilstm.vectors=."])
    tried = tries(study, 100)
    assert len(tried) == 800
    drawn = study_of(study, tried)
    assert (len(drawn.models), drawn.methods, drawn.seeds) == (200, (), (0,))
    assert drawn.resources.of_model("bilstm.0042") == study.resources.of_model("bilstm")
    settings = drawn.training.of_cell("reuters", "bilstm.0042")
    assert settings["batch_size"] == 512
    assert 30 <= settings["epochs"] <= 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tuning={}"], "does not say where to search for movie-snippets/bilstm; give ranges"),
        (["training.epochs=4", "training.warmup_epochs=2"], "the first because a warm-up of 2 epochs does not fit"),
    ],
)
def test_what_cannot_be_searched_is_refused(words, said):
    """A study without ranges, and ranges that hold settings nobody can train with."""
    study = load("quickstart", words)
    with pytest.raises(StudyError) as caught:
        study_of(study, tries(study, 20))
    assert said in str(caught.value)


def test_draws_are_ranked_by_the_headline(points, tmp_path):
    """The metric that the study chooses first is what a search compares; its values are those of the trials."""
    done, _ = points("store", budget=2, words=("tasks.points.metrics=[matthews,accuracy]",))
    assert {one.metric for one in done.found} == {"matthews"}
    kept = {record.trial_id: record.facts.metrics["validation"] for record in reader.commits(tmp_path / "store")}
    assert {one.trial_id: one.value for one in done.found} == {name: found["matthews"] for name, found in kept.items()}
    assert all(set(found) == {"matthews", "accuracy", "loss", "nan_rows"} for found in kept.values())
