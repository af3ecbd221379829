"""Overrides on the command line change exactly what they name."""

from __future__ import annotations

import pytest

from runner.studies import StudyError, load
from tests.runner.studies.samples import SMALL, changed, written


@pytest.fixture
def study(tmp_path):
    """Load the small study, or another text, with overrides."""

    def loaded(*overrides, text=SMALL):
        return load(str(written(tmp_path, text)), list(overrides))

    return loaded


TWO = changed("[movie-snippets]", "[imdb, snli]").replace("[bilstm]", "[bilstm, bert]")
EXCEPTIONS = (
    TWO
    + "  tasks: {snli: {epochs: 9}}\n  models: {bert: {epochs: 8}}\n"
    + "  cells: {imdb/bilstm: {epochs: 7, batch_size: 5}}\n"
)


def test_values_are_yaml(study):
    """Numbers, lists and mappings are read as in a file."""
    changed_study = study(
        "seeds=[7, 3]", "methods=[mp-ai]", "sparsities=[0.2]", "training.learning_rate=1e-4", "retries=0"
    )
    assert changed_study.seeds == (7, 3)
    assert [one.name for one in changed_study.methods] == ["mp-ai"]
    assert changed_study.sparsities == (0.2,)
    assert changed_study.training.learning_rate == 1e-4
    assert changed_study.retries == 0


def test_single_value_stands_for_a_list(study):
    """`methods=imp-ft` is `methods=[imp-ft]`."""
    changed_study = study("methods=imp-wr", "sparsities=0.3", "tasks=snli", "models=bert", "record.splits=train")
    assert ([one.name for one in changed_study.methods], changed_study.sparsities) == (["imp-wr"], (0.3,))
    assert [task.name for task in changed_study.tasks] == ["snli"]
    assert [model.name for model in changed_study.models] == ["bert"]
    assert changed_study.record.splits == ("train",)


def test_lists_are_reached_by_position_and_by_name(study):
    """tasks.0 and tasks.NAME mean the same entry, and a bare name becomes a mapping."""
    by_position = study("tasks.0.limit.train=500", "models.0.hidden=20")
    by_name = study("tasks.movie-snippets.limit.train=500", "models.bilstm.hidden=20")
    assert by_position == by_name
    assert by_position.tasks[0].limit == {"train": 500}
    assert by_position.models[0].options == {"hidden": 20}


def test_general_training_beats_exceptions(study):
    """training.epochs=2 holds in every cell, and leaves other exceptions alone."""
    changed_study = study("training.epochs=2", text=EXCEPTIONS)
    lengths = {
        (task, model): changed_study.training.of_cell(task, model)["epochs"]
        for task in ("imdb", "snli")
        for model in ("bilstm", "bert")
    }
    assert set(lengths.values()) == {2}
    assert changed_study.training.of_cell("imdb", "bilstm")["batch_size"] == 5


def test_precedence_of_exceptions(study):
    """Cells beat models, models beat tasks, tasks beat the rest."""
    training = study(text=EXCEPTIONS).training
    assert training.of_cell("imdb", "bilstm")["epochs"] == 7
    assert training.of_cell("snli", "bert")["epochs"] == 8
    assert training.of_cell("snli", "bilstm")["epochs"] == 9


def test_later_exception_stands(study):
    """Overrides are applied from left to right."""
    training = study("training.epochs=2", "training.cells.imdb/bert.epochs=3", text=EXCEPTIONS).training
    assert training.of_cell("imdb", "bert")["epochs"] == 3
    assert training.of_cell("imdb", "bilstm")["epochs"] == 2


def test_general_resources_beat_exceptions(study):
    """resources.gpus=0 runs every model without a GPU."""
    text = TWO + "resources: {gpus: 1, models: {bilstm: {gpus: 0.25, cpus: 3}}}\n"
    assert study(text=text).resources.of_model("bilstm") == (3, 0.25)
    assert study(text=text).resources.of_model("bert") == (1, 1)
    assert study("resources.gpus=0", text=text).resources.of_model("bilstm") == (3, 0)


def test_fewer_tasks_keep_what_is_said_of_them(study, tmp_path):
    """tasks=[...] picks from the study's entries, and what was said of the others falls away with them."""
    (tmp_path / "copy").mkdir()
    text = EXCEPTIONS.replace("[imdb, snli]", "[imdb, {name: snli, data: copy}]")
    changed_study = study("tasks=[snli]", "models=[bert]", text=text)
    assert changed_study.tasks[0].data == str(tmp_path / "copy")
    assert changed_study.training.tasks["snli"].epochs == 9
    assert changed_study.training.cells == {}


def test_protocol_switch_beside_its_base(study):
    """One switch can be set on a protocol given by name."""
    protocol = study("protocol=release", "protocol.padding=packed").protocol.resolve()
    assert (protocol.padding, protocol.impact, protocol.layernorm) == ("packed", "last-batch", "prune")


def test_alias_is_not_changed_with_its_twin(study):
    """Setting a value inside one use of a YAML alias leaves the other use as it was."""
    text = TWO + "  tasks: {imdb: &same {epochs: 3}, snli: *same}\n"
    training = study("training.tasks.imdb.epochs=5", text=text).training
    assert (training.tasks["imdb"].epochs, training.tasks["snli"].epochs) == (5, 3)


def test_paths_are_relative_to_what_gave_them(study, tmp_path, monkeypatch):
    """A path in a file is below the file's folder, a path on the command line below the working directory."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for place in (tmp_path, elsewhere):
        (place / "copy").mkdir()
        (place / "words.txt").write_text("a 1\n")
    monkeypatch.chdir(elsewhere)
    text = changed("[movie-snippets]", "[{name: imdb, data: copy}]").replace(
        "[bilstm]", "[{name: bilstm, vectors: ./words.txt}]"
    )
    assert study(text=text).tasks[0].data == str(tmp_path / "copy")
    assert study(text=text).models[0].options["vectors"] == str(tmp_path / "words.txt")
    overridden = study("tasks.imdb.data=copy", "models.bilstm.vectors=words.txt", text=text)
    assert overridden.tasks[0].data == str(elsewhere / "copy")
    assert overridden.models[0].options["vectors"] == str(elsewhere / "words.txt")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seeds", "an override is key=value"),
        ("=5", "an override is key=value"),
        ("training..epochs=5", "an override is key=value"),
        ("sedes=5", "sedes: unknown key 'sedes', did you mean 'seeds'"),
        ("training.epcohs=5", "training.epcohs: unknown key 'epcohs', did you mean 'epochs'"),
        ("name.first=x", "'name' holds a single value"),
        ("tasks.movie-snipets.data=x", "there is no 'movie-snipets', did you mean 'movie-snippets'"),
        ("tasks.1.data=x", "there is no '1'"),
        ("seeds=[1", "the value is not readable as YAML"),
        ("seeds={a: 1, a: 2}", "the value is key 'a' is given twice"),
        ("sparsities=[20]", "did you mean 0.2?"),
        ("training.epochs=0", "training.epochs: must be greater than or equal to 1, not 0"),
        ("training.shuffle=false", "nothing to shuffle"),
        ("models.bilstm.hiden=3", "models[0].hiden: model 'bilstm' has no option 'hiden'"),
    ],
)
def test_bad_override_is_named(study, override, expected):
    """The message quotes the override it is about."""
    with pytest.raises(StudyError) as error:
        study(override)
    assert f"command line '{override}'" in str(error.value)
    assert expected in str(error.value)


def test_a_task_whose_name_has_a_slash_keeps_its_cells(study):
    """Of glue/rte/bilstm the model is what stands after the last slash: gone with its task, and with no other."""
    text = EXCEPTIONS.replace("imdb", "glue/rte")
    assert "glue/rte/bilstm" in study(text=text).training.cells
    assert study("tasks=[snli]", "models=[bilstm]", text=text).training.cells == {}
