"""Methods and references under names of a study's own: what is understood, refused, overridden and frozen."""

from __future__ import annotations

import pytest

from runner.plan import plan
from runner.studies import Study, StudyError, load
from runner.studies.length_advice import length_advice
from tests.runner.studies.samples import SMALL, changed, written

OWN = changed("[imp-ft, rp-ai]", "[imp-ft, {name: imp-5, method: imp-ft, rounds: 5}]")
LONG = OWN + "references: [dense-4e, {name: dense-6e, method: dense-4e, times: 6}]\n"


def read(folder, text, *changes):
    """The study of this text."""
    return load(str(written(folder, text)), list(changes))


def methods(study):
    """Name, line and changed options of each method."""
    return [(one.name, one.method, dict(one.changed)) for one in study.methods]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("[{name: imp-5, method: imp-ft, ronds: 5}]", [":4: methods[0].ronds: ", "did you mean 'rounds'"]),
        ("[{name: imp-5, method: imp-ft, rounds: many}]", [":4: methods[0].rounds: ", "'many' (str)", "type int"]),
        ("[{name: imp-5, method: imp-ft, rounds: 0}]", [":4: methods[0].rounds: ", "allowed: 1 to 100"]),
        ("[{name: mp-5, method: mp-ai, rounds: 5}]", ["'mp-ai' has no option 'rounds'; allowed: none"]),
        ("[imp-ft, {name: imp-ft, rounds: 5}]", [":4: methods: names given twice: imp-ft"]),
        ("[{name: mp-ai, method: imp-ft}]", [":4: methods[0]: 'mp-ai' is the name of something else"]),
        ("[{name: all, method: imp-ft}]", ["'all' is the name of something else"]),
        ("[{name: dense, method: imp-ft}]", ["'dense' is the name of something else"]),
        ("[{name: dense-4e, method: imp-ft}]", ["'dense-4e' is the name of something else"]),
        ("[{name: mine, method: dense}]", ["always part of a study"]),
        ("[{name: mine, method: dense-4e}]", ["'dense-4e' prunes nothing; list it under references"]),
        ("[{name: mine, method: imp_ft}]", ["unknown method 'imp_ft', did you mean 'imp-ft'"]),
        ("[{name: My own, method: imp-ft}]", ["methods[0].name: 'My own' is not a name"]),
        ("[{method: imp-ft}]", ["methods[0].name: this key is missing"]),
        ("[all, {name: imp-5, method: imp-ft, rounds: 0}]", [":4: methods[1].rounds: "]),
        (
            "[{name: imp-ft, tasks: {movie-snippets: {rounds: 0}}}]",
            [":4: methods[0].tasks.movie-snippets.rounds: ", "allowed: 1 to 100"],
        ),
        ("[{name: imp-ft, tasks: {elsewhere: {rounds: 2}}}]", ["no task 'elsewhere'", "allowed: movie-snippets"]),
        ("[{name: gmp, begins: 0.8}]", [":4: methods[0]: ", "do not go together", "begins < ends"]),
        (
            "[{name: gmp, tasks: {movie-snippets: {begins: 0.8}}}]",
            [":4: methods[0].tasks.movie-snippets: ", "do not go together"],
        ),
    ],
)
def test_what_no_method_can_be_is_refused(tmp_path, given, said):
    """One message with the place in the file, what is allowed and the nearest name."""
    with pytest.raises(StudyError) as error:
        read(tmp_path, changed("[imp-ft, rp-ai]", given))
    assert all(part in str(error.value) for part in said), error.value
    assert "\n" not in str(error.value)


def test_a_sparsity_that_only_some_layers_can_reach_is_refused(tmp_path):
    """Half a percent of every matrix stays under soft movement: asked for more, a study is not planned."""
    text = changed("[imp-ft, rp-ai]", "[smvp]").replace("[0.5, 0.9]", "[0.5, 0.996]")
    with pytest.raises(StudyError, match=r"0\.996 cannot go by 'smvp'.*allowed: sparsities below 0\.995"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("pins", r"'pins' chooses its teacher on the validation split, and task 'own' has train, test; hold one out"),
        ("{name: pins-2, method: pins, weighting: entropy}", r"weighting: entropy asks for a probability of each"),
    ],
)
def test_a_teacher_needs_what_it_is_chosen_by(tmp_path, method, said):
    """Without a validation split none is chosen, and sureness is of classes: told before anything runs."""
    (tmp_path / "rows.csv").write_text("text,label\na b,0.5\nb c,1.5\nc d,0.1\nd e,0.7\n")
    files = f"train: {tmp_path}/rows.csv, test: {tmp_path}/rows.csv"
    task = f"{{name: own, {files}, text: text, kind: regression, label: label}}"
    with pytest.raises(StudyError, match=said):
        load(str(written(tmp_path, changed("[imp-ft, rp-ai]", f"[{method}]"))), [f"tasks=[{task}]"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("[{name: long, method: dense-4e, rounds: 5}]", "has no option 'rounds'; allowed: times (default 4)"),
        ("[{name: long, method: imp-ft}]", "unknown reference 'imp-ft'; allowed: dense-4e"),
        ("[{name: imp-5, method: dense-4e}]", "names given to methods and references alike: imp-5"),
    ],
)
def test_what_no_reference_can_be_is_refused(tmp_path, given, said):
    """References are lines of REFERENCES, with their options, under names that no method has."""
    with pytest.raises(StudyError) as error:
        read(tmp_path, OWN + f"references: {given}\n")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (["methods.imp-5.rounds=7"], [("imp-ft", "imp-ft", {}), ("imp-5", "imp-ft", {"rounds": 7})]),
        (["methods.1.rounds=7"], [("imp-ft", "imp-ft", {}), ("imp-5", "imp-ft", {"rounds": 7})]),
        (["methods.imp-ft.rounds=2"], [("imp-ft", "imp-ft", {"rounds": 2}), ("imp-5", "imp-ft", {"rounds": 5})]),
        (["methods=[imp-5, mp-ai]"], [("imp-5", "imp-ft", {"rounds": 5}), ("mp-ai", "mp-ai", {})]),
        (["methods=imp-5"], [("imp-5", "imp-ft", {"rounds": 5})]),
    ],
)
def test_overrides_reach_into_methods(tmp_path, changes, found):
    """By name and by position; a list of names keeps what the study says of each."""
    assert methods(read(tmp_path, OWN, *changes)) == found


def test_overrides_reach_into_sets(tmp_path):
    """Where a study names a set, one of its methods can be changed."""
    study = read(tmp_path, changed("[imp-ft, rp-ai]", "all"), "methods.imp-ft.rounds=7")
    assert [one for one in methods(study) if one[2]] == [("imp-ft", "imp-ft", {"rounds": 7})]
    assert len(study.methods) == 8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("methods.imp-6.rounds=7", "there is no 'imp-6', did you mean 'imp-5'"),
        ("methods.imp-5.rounds=0", "command line 'methods.imp-5.rounds=0': methods[1].rounds: "),
        ("methods.imp-5.ronds=7", "did you mean 'rounds'"),
    ],
)
def test_overrides_that_lead_nowhere_are_refused(tmp_path, change, said):
    """With the override, and what is allowed."""
    with pytest.raises(StudyError) as error:
        read(tmp_path, OWN, change)
    assert said in str(error.value)


def test_a_study_is_frozen_as_it_is_written(tmp_path):
    """A plain name stays one, so that the plans of studies without options keep their names; the others are whole."""
    study = read(tmp_path, LONG)
    frozen = study.model_dump(mode="json")
    assert frozen["methods"] == ["imp-ft", {"name": "imp-5", "method": "imp-ft", "rounds": 5}]
    assert frozen["references"] == ["dense-4e", {"name": "dense-6e", "method": "dense-4e", "times": 6}]
    assert "grid" not in frozen
    assert Study.model_validate(frozen) == study


def test_own_references_stand_beside_the_dense_models(tmp_path):
    """At sparsity 0, once for each task, model and seed; hypotheses may name them, and methods of one's own."""
    family = "{name: h, of: {method: imp-5}, against: dense-6e, test: swap}"
    study = read(tmp_path, LONG + f"hypotheses: [{family}]\n")
    assert {spec.sparsity for spec in plan(study).trials if spec.method == "dense-6e"} == {0.0}
    pairs = study.hypotheses[0].comparisons(study.cells)
    assert [(one.method, one.sparsity, other.method, other.sparsity) for one, other in pairs if other] == [
        ("imp-5", 0.5, "dense-6e", 0.0),
        ("imp-5", 0.9, "dense-6e", 0.0),
    ]


@pytest.mark.parametrize(
    ("references", "said"),
    [
        ("[]", []),
        ("[dense-4e, {name: dense-6e, method: dense-4e, times: 6}]", []),
        ("[dense-4e]", ["{name: dense-6e, method: dense-4e, times: 6}"]),
        ("[{name: dense-6e, method: dense-4e, times: 6}]", ["add dense-4e, or"]),
    ],
)
def test_a_reference_that_trains_as_long_is_advised(tmp_path, references, said):
    """A study that has references, but none as long as one of its methods, is told which would be."""
    found = list(length_advice(read(tmp_path, OWN + f"references: {references}\n")))
    assert len(found) == len(said)
    assert all(part in line for part, line in zip(said, found, strict=True))


def test_length_advice_is_silent_about_shipped_studies(tmp_path):
    """Plain iterative methods train as long as dense-4e."""
    assert not list(length_advice(read(tmp_path, SMALL + "references: [dense-4e]\n")))


def test_a_network_is_chosen_by_a_metric_that_its_task_has(tmp_path):
    """A registered task brings metrics of its own, by which networks may be compared as by those of its kind."""
    text = changed("movie-snippets", "glue/cola") + "  selection: {best: matthews}\n"
    assert read(tmp_path, text).training.selection.best == "matthews"
    with pytest.raises(StudyError, match=r"selection.best is 'pearson'.*allowed: loss, .*, matthews"):
        read(tmp_path, text, "training.selection.best=pearson")


def test_options_may_differ_by_task(tmp_path):
    """A trial has those of its task; a study says them again as it was told them; trials elsewhere stay as they are."""
    first, second = "movie-snippets", "snli"
    tasks = [f"tasks=[{{name: {first}, limit: {{train: 9, test: 9}}}}, {{name: {second}, data: {tmp_path}}}]"]
    apart = changed("[imp-ft, rp-ai]", f"[{{name: gmp, every: 5, tasks: {{{second}: {{begins: 0.8, ends: 0.9}}}}}}]")
    alike = changed("[imp-ft, rp-ai]", "[{name: gmp, every: 5}]")
    found, plain = (plan(read(tmp_path, text, *tasks)) for text in (apart, alike))
    options = {spec.task: dict(spec.method_options) for spec in found.trials if spec.method == "gmp"}
    assert options == {first: {"every": 5}, second: {"every": 5, "begins": 0.8, "ends": 0.9}}
    assert [one for one in found.trials if one.task == first] == [one for one in plain.trials if one.task == first]
    again = Study.model_validate(found.study.model_dump())
    assert again == found.study
    assert again.methods[0].tasks == {second: {"begins": 0.8, "ends": 0.9}}


def test_options_on_a_task_go_with_it(tmp_path):
    """A part of a study says nothing of the tasks that it leaves out."""
    tasks = f"tasks=[{{name: movie-snippets}}, {{name: snli, data: {tmp_path}}}]"
    apart = changed("[imp-ft, rp-ai]", "[{name: gmp, tasks: {snli: {every: 5}}}]")
    assert read(tmp_path, apart, tasks).methods[0].tasks == {"snli": {"every": 5}}
    assert read(tmp_path, apart, tasks, "tasks=[movie-snippets]").methods[0].tasks == {}


def test_levels_are_the_same_on_all_tasks(tmp_path):
    """What is left at a level is what the study calls its sparsity."""
    text = changed("[imp-ft, rp-ai]", "[{name: lth, tasks: {movie-snippets: {each: 0.5}}}]")
    with pytest.raises(StudyError, match="'lth' goes level by level, the same on all tasks"):
        read(tmp_path, text)
