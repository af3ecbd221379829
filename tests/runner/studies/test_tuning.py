"""Ranges of a search in a study: which holds where, what is refused, and Table 8 in the shipped study."""

from __future__ import annotations

import pytest

from runner.plan import identify, plan
from runner.studies import StudyError, load
from runner.studies.tuning import Ranges
from tests.runner.studies.samples import SMALL, changed, written

RANGES = SMALL + "tuning: {epochs: [2, 6], learning_rate: [1e-4, 1e-2], scale: log}\n"


@pytest.fixture
def study(tmp_path):
    """Load the small study, or another text, with overrides."""

    def loaded(*overrides, text=RANGES):
        return load(str(written(tmp_path, text)), list(overrides))

    return loaded


def test_the_narrowest_block_holds(study):
    """A cell takes each range from its own block, its model's, its task's, or the one for everything."""
    two = changed("[movie-snippets]", "[imdb, snli]").replace("[bilstm]", "[bilstm, bert]")
    tuning = study(
        text=two
        + "tuning:\n  epochs: [1, 9]\n  tasks: {snli: {epochs: [2, 9]}}\n  models: {bert: {epochs: [3, 9]}}\n"
        + "  cells: {snli/bert: {learning_rate: [0.1, 0.2]}}\n"
    ).tuning
    assert tuning.budget == 100
    assert tuning.of_cell("imdb", "bilstm") == Ranges(epochs=(1, 9))
    assert tuning.of_cell("snli", "bilstm") == Ranges(epochs=(2, 9))
    assert tuning.of_cell("snli", "bert") == Ranges(epochs=(3, 9), learning_rate=(0.1, 0.2))


def test_the_shipped_grid_carries_table_8():
    """Search space of Tropeano et al. 2025: minimum and maximum of epochs and learning rate, per data set and model."""
    tuning = load("pie").tuning
    epochs = {
        "bert": {"imdb": (2, 6), "snli": (2, 6), "reuters": (5, 15), "aapd": (5, 15)},
        "bilstm": {"imdb": (10, 30), "snli": (30, 50), "reuters": (30, 100), "aapd": (30, 60)},
    }
    rates = {"bert": (2e-5, 2e-4), "bilstm": (2e-4, 2e-3)}
    for model, tasks in epochs.items():
        for task, expected in tasks.items():
            assert tuning.of_cell(task, model) == Ranges(epochs=expected, learning_rate=rates[model])
    assert tuning.budget == 100


def test_the_papers_best_settings_lie_in_the_papers_ranges():
    """What the shipped study trains with could have been drawn."""
    study = load("pie")
    for task in study.tasks:
        for model in study.models:
            chosen = study.training.of_cell(task.name, model.name)
            ranges = study.tuning.of_cell(task.name, model.name)
            assert ranges.epochs[0] <= chosen["epochs"] <= ranges.epochs[1]
            assert ranges.learning_rate[0] <= chosen["learning_rate"] <= ranges.learning_rate[1]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("tuning.epochs=[6, 2]", "[6, 2] is not a range; give the lowest and the highest value"),
        ("tuning.epochs=4", "4 is not a range"),
        ("tuning.epochs=[1, 2, 3]", "[1, 2, 3] is not a range"),
        ("tuning.epochs=[0, 2]", "tuning.epochs"),
        ("tuning.learning_rate=[-1.0, 1.0]", "tuning.learning_rate"),
        ("tuning.learning_rate=[a, b]", "is not a range"),
        ("tuning.scale=logarithmic", "allowed: uniform, log"),
        ("tuning.epoch=[1, 2]", "unknown key 'epoch', did you mean 'epochs'?"),
        ("tuning.budget=0", "tuning.budget"),
        ("tuning.cells.movie-snippets/bert.epochs=[1, 2]", "the study has no cell 'movie-snippets/bert'"),
    ],
)
def test_ranges_that_are_none_are_refused(study, override, said):
    """Each mistake has its place and what is allowed."""
    with pytest.raises(StudyError) as caught:
        study(override)
    assert said in str(caught.value)


def test_ranges_enter_no_trial(study):
    """Where to search is no part of what a trial is, nor of what is frozen for a study that says nothing of it."""
    data = {"movie-snippets": "f" * 16}
    with_ranges, without = (identify(plan(study(text=text)), data) for text in (RANGES, SMALL))
    assert [spec.trial_id for spec in with_ranges.trials] == [spec.trial_id for spec in without.trials]
    assert "tuning" not in study(text=SMALL).model_dump(mode="json")
    assert study().model_dump(mode="json")["tuning"]["epochs"] == [2, 6]


def test_a_range_for_everything_beats_exceptions(study):
    """As tuning.epochs=[1,2] on the command line means every cell."""
    text = RANGES + "  \n"
    text = text.replace("scale: log}", "scale: log, models: {bilstm: {epochs: [3, 4]}}}")
    assert study(text=text).tuning.of_cell("movie-snippets", "bilstm").epochs == (3, 4)
    assert study("tuning.epochs=[1,2]", text=text).tuning.of_cell("movie-snippets", "bilstm").epochs == (1, 2)
