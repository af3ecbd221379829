"""Hypotheses are declared in the study, checked like everything in it, and change no trial."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from runner.command_line import app
from runner.plan import plan
from runner.studies import Study, load
from runner.studies.grid import GridCell
from runner.studies.hypotheses import CellSelector, HypothesisChoice
from tests.runner.studies.samples import SMALL, written


def declaring(family):
    """The small study with one family of hypotheses."""
    return SMALL + f"hypotheses:\n  - {family}\n"


REFUSED = {
    "unknown key": (
        "{name: a, against: dense, tests: mcnemar}",
        ["hypotheses[0]", "unknown key", "did you mean 'test'"],
    ),
    "no test": ("{name: a, against: dense}", [":12: hypotheses[0].test", "this key is missing"]),
    "test": ("{name: a, against: dense, test: pared-t}", ["hypotheses[0].test", "did you mean 'paired-t'", "mcnemar"]),
    "correction": (
        "{name: a, against: dense, test: mcnemar, correction: hol}",
        ["hypotheses[0].correction", "did you mean 'holm'", "bonferroni"],
    ),
    "alpha": ("{name: a, against: dense, test: mcnemar, alpha: 5}", ["hypotheses[0].alpha", "less than 1"]),
    "name": ("{name: A b, against: dense, test: mcnemar}", ["hypotheses[0].name", "is not a name"]),
    "question": ("{name: a, compare: speed, against: dense, test: mcnemar}", ["compare", "effectiveness", "pie-rate"]),
    "unknown method": (
        "{name: a, of: {method: imp-fd}, against: dense, test: mcnemar}",
        [
            ":12: hypotheses[0].of.method",
            "has no method 'imp-fd', did you mean 'imp-ft'",
            "allowed: dense, imp-ft, rp-ai",
        ],
    ),
    "method of another study": (
        "{name: a, against: mp-ai, test: mcnemar}",
        ["hypotheses[0].against", "has no method 'mp-ai'", "allowed: dense, imp-ft, rp-ai"],
    ),
    "unknown sparsity": (
        "{name: a, of: {sparsity: 0.8}, against: dense, test: mcnemar}",
        ["hypotheses[0].of.sparsity", "has no sparsity 0.8", "allowed: 0.5, 0.9"],
    ),
    "unknown task": (
        "{name: a, of: {task: imdb}, against: dense, test: mcnemar}",
        ["of.task", "allowed: movie-snippets"],
    ),
    "unknown model": ("{name: a, of: {model: bert}, against: dense, test: mcnemar}", ["of.model", "allowed: bilstm"]),
    "another task on the other side": (
        "{name: a, against: {task: imdb}, test: mcnemar}",
        ["hypotheses[0].against.task", "the study has no task 'imdb'", "allowed: movie-snippets"],
    ),
    "no other side": ("{name: a, test: mcnemar}", ["hypotheses[0]", "other side is missing", "against: dense"]),
    "empty other side": ("{name: a, against: {}, test: mcnemar}", ["other side is missing"]),
    "itself alone": (
        "{name: a, of: {method: imp-ft}, against: imp-ft, test: mcnemar}",
        ["hypotheses[0]", "'a' compares nothing"],
    ),
    "dense at a sparsity": (
        "{name: a, of: {method: dense}, against: {sparsity: 0.9}, test: mcnemar}",
        ["hypotheses[0].against", "dense at sparsity 0.9, which is no cell"],
    ),
    "test of another question": (
        "{name: a, compare: pie-rate, against: rp-ai, test: paired-t}",
        ["hypotheses[0].test", "pie-rate is not tested by paired-t", "allowed: swap, mcnemar"],
    ),
    "dense has no PIEs": (
        "{name: a, compare: pie-rate, against: dense, test: mcnemar}",
        ["hypotheses[0]", "no PIE rate of its own"],
    ),
    "PIEs against something": (
        "{name: a, compare: effectiveness-on-pies, against: dense, test: paired-t}",
        ["hypotheses[0].against", "its dense models, on the same PIEs", "remove"],
    ),
    "pairs of two tasks": (
        "{name: a, against: {task: movie-snippets, method: rp-ai}, test: mcnemar}",
        ["hypotheses[0].against.task", "mcnemar pairs seeds or examples", "take welch-t", "alpha-star"],
    ),
    "no distortion without a parent": (
        "{name: a, compare: alpha, of: {method: imp-ft}, against: rp-ai, test: paired-t}",
        ["hypotheses[0]", "rp-ai goes on from no dense trial", "there is no alpha"],
    ),
    "one-sided swap": (
        "{name: a, against: rp-ai, test: swap, alternative: less}",
        ["hypotheses[0].alternative", "swap is two-sided", "paired-t or welch-t"],
    ),
    "alternative": (
        "{name: a, against: rp-ai, test: paired-t, alternative: lesser}",
        ["hypotheses[0].alternative", "did you mean 'less'"],
    ),
    "unpaired test of votes": (
        "{name: a, against: rp-ai, test: welch-t}",
        ["hypotheses[0].test", "effectiveness is not tested by welch-t"],
    ),
    "two other sides": (
        "{name: a, against: dense, pairs: [{against: rp-ai}], test: mcnemar}",
        ["hypotheses[0].against", "each of `pairs` says its own other side"],
    ),
    "a pair without another side": (
        "{name: a, pairs: [{against: {}}], test: mcnemar}",
        ["hypotheses[0].pairs[0].against", "say what differs"],
    ),
    "a pair of another study": (
        "{name: a, pairs: [{of: {sparsity: 0.7}, against: rp-ai}], test: mcnemar}",
        ["hypotheses[0].pairs[0].of.sparsity", "has no sparsity 0.7", "allowed: 0.5, 0.9"],
    ),
    "twice": (
        "{name: a, against: dense, test: mcnemar}\n  - {name: a, against: rp-ai, test: mcnemar}",
        ["hypotheses", "given twice: a"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_hypotheses_are_refused(case, tmp_path):
    """Exit code 2 and a message with the place, what was given and what is allowed."""
    family, expected = REFUSED[case]
    result = CliRunner().invoke(app, ["plan", str(written(tmp_path, declaring(family))), "--json"])
    assert result.exit_code == 2, result.output
    assert [part for part in expected if part not in result.stderr] == [], result.stderr
    assert "Traceback" not in result.stderr


OF_OTHER_KINDS = {
    "swap of spans": (
        "squad",
        "{name: a, against: dense, test: swap}",
        ["effectiveness is not tested by swap on squad, whose answers are of the kind span", "paired-t", "mcnemar"],
    ),
    "PIEs of others, of numbers": (
        "glue/stsb",
        "{name: a, compare: effectiveness-on-pies, test: paired-t}",
        ["effectiveness-on-pies is not tested by paired-t on glue/stsb", "name the other tasks in `of`"],
    ),
    "votes of numbers": (
        "glue/stsb",
        "{name: a, against: dense, test: mcnemar}",
        ["on glue/stsb, whose answers are of the kind regression", "take paired-t or bootstrap for it"],
    ),
    "PIEs of numbers": (
        "glue/stsb",
        "{name: a, compare: pie-rate, of: {method: imp-ft}, against: rp-ai, test: swap}",
        ["pie-rate is not tested by swap on glue/stsb", "name the other tasks"],
    ),
    "recalls of tags": (
        "conll2003",
        "{name: a, compare: worst-recall, against: dense, test: paired-t}",
        ["worst-recall is not tested by paired-t on conll2003", "kind tagging"],
    ),
}


@pytest.mark.parametrize("case", OF_OTHER_KINDS)
def test_questions_that_answers_of_a_kind_do_not_answer_are_refused(case, tmp_path):
    """Exit code 2 with the task, its kind, and the tests or tasks to take instead."""
    task, family, expected = OF_OTHER_KINDS[case]
    text = declaring(family).replace("tasks: [movie-snippets]", f"tasks: [{task}]").replace("[bilstm]", "[minilm]")
    result = CliRunner().invoke(app, ["plan", str(written(tmp_path, text)), "--json"])
    assert result.exit_code == 2, result.output
    assert [part for part in expected if part not in result.stderr] == [], result.stderr
    assert "Traceback" not in result.stderr


def compared(text, cells):
    """The comparisons of a family as short texts."""
    pairs = HypothesisChoice.model_validate({"name": "a", "test": "mcnemar", **text}).comparisons(cells)
    return [f"{_short(cell)} - {_short(other) if other else 'all'}" for cell, other in pairs]


def _short(cell):
    return f"{cell.model} {cell.method} {cell.sparsity:g}"


CELLS = [
    GridCell("t", model, method, sparsity)
    for model in ("m", "n")
    for method, sparsity in (("dense", 0.0), ("x", 0.5), ("x", 0.9), ("y", 0.5), ("y", 0.9))
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ({"of": {"model": "m", "method": "x"}, "against": "y"}, ["m x 0.5 - m y 0.5", "m x 0.9 - m y 0.9"]),
        ({"of": {"model": "m", "sparsity": 0.9}, "against": "dense"}, ["m x 0.9 - m dense 0", "m y 0.9 - m dense 0"]),
        ({"of": {"model": "m"}, "against": "y"}, ["m x 0.5 - m y 0.5", "m x 0.9 - m y 0.9"]),
        (
            {"of": {"method": ["dense", "x"], "sparsity": 0.9}, "against": {"model": "n"}},
            ["m dense 0 - n dense 0", "m x 0.9 - n x 0.9"],
        ),
        ({"of": {"model": "n", "method": "x"}, "against": {"sparsity": 0.9}}, ["n x 0.5 - n x 0.9"]),
        ({"of": {"model": "n", "method": "y"}, "compare": "effectiveness-on-pies"}, ["n y 0.5 - all", "n y 0.9 - all"]),
        (
            {
                "of": {"model": "m"},
                "pairs": [
                    {"of": {"method": "x", "sparsity": 0.5}, "against": {"sparsity": 0.9}},
                    {"of": {"method": "x", "sparsity": 0.9}, "against": "y"},
                ],
            },
            ["m x 0.5 - m x 0.9", "m x 0.9 - m y 0.9"],
        ),
    ],
)
def test_what_is_compared(text, expected):
    """The other side differs in what `against` says alone; a cell is not compared with itself."""
    assert compared(text, CELLS) == expected


FAMILY = "{name: a, of: {method: imp-ft}, against: rp-ai, test: paired-t, correction: bh, alpha: 0.01}"


def test_hypotheses_change_no_trial(tmp_path):
    """The trials of a study are those it has without them; a study without any is frozen as it always was."""
    plain = load(str(written(tmp_path, SMALL)))
    said = load(str(written(tmp_path, declaring(FAMILY))))
    assert plan(plain).trials == plan(said).trials
    assert "hypotheses" not in plain.model_dump(mode="json")
    assert Study.model_validate(said.model_dump(mode="json")) == said
    (family,) = said.model_dump(mode="json")["hypotheses"]
    assert set(family) == {"name", "compare", "of", "against", "test", "correction", "alpha"}
    assert set(family["against"]) == {"model", "method", "sparsity"}
    assert said.hypotheses[0].comparisons(said.cells) == [
        (GridCell("movie-snippets", "bilstm", "imp-ft", s), GridCell("movie-snippets", "bilstm", "rp-ai", s))
        for s in (0.5, 0.9)
    ]


@pytest.mark.parametrize("question", ["effectiveness", "pie-rate"])
def test_a_reference_is_the_other_side_of_every_sparsity(tmp_path, question):
    """It has one cell, at sparsity 0, and is not meant where no method is named."""
    family = f"{{name: a, of: {{method: imp-ft}}, compare: {question}, against: dense-4e, test: swap}}"
    study = load(str(written(tmp_path, declaring(family) + "references: [dense-4e]\n")))
    (choice,) = study.hypotheses
    assert choice.comparisons(study.cells) == [
        (GridCell("movie-snippets", "bilstm", "imp-ft", s), GridCell("movie-snippets", "bilstm", "dense-4e", 0.0))
        for s in (0.5, 0.9)
    ]
    all_methods = choice.model_copy(update={"of": CellSelector()})
    assert {cell.method for cell, _ in all_methods.comparisons(study.cells)} == {"imp-ft", "rp-ai"}


def test_overrides_reach_into_a_family(tmp_path):
    """By its name, as into tasks and models."""
    study = load(str(written(tmp_path, declaring(FAMILY))), ["hypotheses.a.alpha=0.05", "hypotheses.a.of.sparsity=0.9"])
    assert study.hypotheses[0].alpha == 0.05
    assert study.hypotheses[0].of.sparsity == (0.9,)
