"""Every mistake in a study has one clear message, exit code 2, and leaves nothing behind."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

from runner.command_line import app
from runner.studies import Study, StudyError, load, require_inputs
from tests.runner.studies.samples import SMALL, changed, written

OWN = """\
tasks:
  - {{name: mine, train: train.csv, test: test.csv, text: {text}, label: {label}}}"""

BAD = {
    "unknown key": (
        SMALL + "seed: 3\n",
        ["study.yaml:11", "unknown key 'seed'", "did you mean 'seeds'", "allowed: name"],
    ),
    "shuffle": (SMALL + "shuffle: true\n", ["study.yaml:11: shuffle", "nothing to shuffle"]),
    "shuffle of training": (SMALL + "  shuffle_train: true\n", ["training.shuffle_train", "nothing to shuffle"]),
    "unknown training key": (SMALL + "  epoch: 3\n", ["study.yaml:11: training.epoch", "did you mean 'epochs'"]),
    "unknown task": (changed("movie-snippets", "movie-snipets"), [":2: tasks[0]", "did you mean 'movie-snippets'"]),
    "unknown model": (changed("bilstm", "bilsm"), [":3: models[0]", "did you mean 'bilstm'", "allowed: bilstm, bert"]),
    "unknown method": (changed("imp-ft", "IMP_FT"), [":4: methods", "unknown method 'IMP_FT', did you mean 'imp-ft'"]),
    "dense as a method": (changed("imp-ft", "dense"), [":4: methods", "always part of a study"]),
    "unknown option": (
        changed("[bilstm]", "[{name: bilstm, hiden: 5}]"),
        [":3: models[0].hiden", "did you mean 'hidden'"],
    ),
    "option of a wrong type": (changed("[bilstm]", "[{name: bilstm, hidden: wide}]"), ["models[0].hidden", "'wide'"]),
    "option that is a list": (changed("[bilstm]", "[{name: bilstm, hidden: [1]}]"), ["models[0].hidden", "[1]"]),
    "metric unknown": (
        changed("[movie-snippets]", "[{name: movie-snippets, metrics: [matthew]}]"),
        [
            ":2: tasks[0].metrics",
            "no metric 'matthew'",
            "allowed: accuracy, macro-f1, matthews, accuracy-by-part, f1:CLASS",
            "mean 'matthews'",
        ],
    ),
    "metric of another kind": (
        changed("[movie-snippets]", "[{name: movie-snippets, metrics: [accuracy, pearson]}]"),
        ["a single-label task has no metric 'pearson'", "allowed: accuracy"],
    ),
    "metric of a class that is none": (
        changed("[movie-snippets]", "[{name: movie-snippets, metrics: ['f1:good']}]"),
        ["metric 'f1:good' is of a class that it does not have; it has negative, positive"],
    ),
    "no metric": (changed("[movie-snippets]", "[{name: movie-snippets, metrics: []}]"), ["metrics names none"]),
    "metric twice": (
        changed("[movie-snippets]", "[{name: movie-snippets, metrics: [accuracy, accuracy]}]"),
        ["metrics names one twice"],
    ),
    "task twice": (changed("[movie-snippets]", "[digits, digits]"), [":2: tasks", "given twice: digits"]),
    "model twice": (changed("[bilstm]", "[bilstm, bilstm]"), [":3: models", "given twice: bilstm"]),
    "method twice": (changed("[imp-ft, rp-ai]", "[imp-ft, imp-ft]"), [":4: methods", "given twice: imp-ft"]),
    "sparsity twice": (changed("[0.5, 0.9]", "[0.5, 0.50]"), [":5: sparsities", "given twice: 0.5"]),
    "seed twice": (changed("seeds: 3", "seeds: [1, 2, 1]"), [":6: seeds", "given twice: 1"]),
    "sparsity in percent": (changed("[0.5, 0.9]", "[20]"), [":5: sparsities", "20 is not", "did you mean 0.2?"]),
    "sparsity 0": (changed("0.5", "0.0"), [":5: sparsities", "0 is not a sparsity", "above 0 and below 1"]),
    "sparsity 1": (changed("0.5", "1"), [":5: sparsities", "1 is not a sparsity", "above 0 and below 1"]),
    "sparsity below 0": (changed("0.5", "-0.5"), [":5: sparsities", "-0.5 is not"]),
    "sparsity not a number": (changed("0.5", ".nan"), [":5: sparsities", "nan is not"]),
    "sparsity as text": (changed("0.5", "half"), [":5: sparsities[0]", "must be a number, not 'half'"]),
    "sparsity as truth": (changed("0.5", "true"), [":5: sparsities[0]", "must be a number, not True"]),
    "no sparsities": (changed("[0.5, 0.9]", "[]"), [":5: sparsities", "no sparsity to prune to"]),
    "no methods": (changed("[imp-ft, rp-ai]", "[]"), [":4: methods", "no method prunes"]),
    "no tasks": (changed("[movie-snippets]", "[]"), [":2: tasks", "list is empty"]),
    "seeds per method": (changed("seeds: 3", "seeds: {dense: 30, pruned: 10}"), [":6: seeds", "the same seeds"]),
    "no seeds": (changed("seeds: 3", "seeds: 0"), [":6: seeds", "0 seeds", "1 to 10000"]),
    "seed below 0": (changed("seeds: 3", "seeds: [-1]"), [":6: seeds[0]", "greater than or equal to 0"]),
    "seeds as text": (changed("seeds: 3", "seeds: many"), [":6: seeds", "must be a list, not 'many'"]),
    "half a seed": (changed("seeds: 3", "seeds: 2.5"), [":6: seeds", "must be a list, not 2.5"]),
    "protocol unknown": (SMALL + "protocol: papper\n", [":11: protocol", "'papper'", "did you mean 'paper'"]),
    "switch unknown": (SMALL + "protocol: {paddding: packed}\n", ["protocol.paddding", "did you mean 'padding'"]),
    "switch value": (SMALL + "protocol: {padding: pack}\n", ["protocol.padding", "did you mean 'packed'"]),
    "warm-up too long": (
        SMALL + "  warmup_epochs: 4\n",
        [":7: training", "warm-up of 4 epochs", "movie-snippets/bilstm"],
    ),
    "momentum of adam": (
        SMALL + "  momentum: 0.5\n",
        [":7: training", "settings of sgd", "movie-snippets/bilstm has adam"],
    ),
    "nesterov without momentum": (
        SMALL + "  optimizer: sgd\n  momentum: 0\n  nesterov: true\n",
        [":7: training", "nesterov without momentum"],
    ),
    "curve without milestones": (
        SMALL + "  learning_rates: milestones\n",
        [":7: training", "has learning_rates milestones and no milestones", "or neither"],
    ),
    "milestones without curve": (
        SMALL + "  milestones: [[2, 0.1]]\n",
        [":7: training", "has learning_rates constant and milestones"],
    ),
    "milestone beyond the training": (
        SMALL + "  learning_rates: milestones\n  milestones: [[2, 0.1], [4, 0.01]]\n",
        [":7: training", "milestones up to epoch 4, and its phase has 4 epochs", "below 4"],
    ),
    "finetuning milestones alone": (
        SMALL + "  finetuning: {milestones: [[1, 0.1]]}\n",
        [":7: training", "add finetuning.learning_rates: milestones"],
    ),
    "milestone twice": (
        SMALL + "  learning_rates: milestones\n  milestones: [[2, 0.1], [2, 0.5]]\n",
        [":12: training.milestones", "two shares from epoch 2 on"],
    ),
    "finetuning unknown": (
        SMALL + "  finetuning: {epoch: 2}\n",
        [":11: training.finetuning.epoch", "did you mean 'epochs'"],
    ),
    "warm-up longer than finetuning": (
        SMALL + "  warmup_epochs: 2\n  finetuning: {epochs: 2}\n",
        [":7: training", "shortest phase of pruning has 2"],
    ),
    "selection of nothing": (
        SMALL + "  selection: {split: test}\n",
        [":11: training.selection", "names nothing to choose by", "best: loss"],
    ),
    "selection as text": (SMALL + "  selection: best\n", [":11: training.selection", "'best' is not allowed"]),
    "selection by another metric": (
        SMALL + "  selection: {best: acuracy}\n",
        [":7: training", "selection.best is 'acuracy'", "did you mean 'accuracy'", "allowed: loss, accuracy"],
    ),
    "selection over processes": (
        SMALL + "  selection: {best: loss}\n  micro_batches: 2\nstrategy: deepspeed\n",
        ["under strategy deepspeed the last network answers"],
    ),
    "warm-up in a round": (
        SMALL + "  warmup_epochs: 3\nprotocol: {rounds: off-by-one}\n",
        ["warm-up of 3 epochs", "shortest phase of pruning has 3", "below 3"],
    ),
    "off by one of one": (
        changed("epochs: 4", "epochs: 1") + "protocol: release\n",
        [":11: protocol", "at least 2 epochs", "movie-snippets/bilstm trains 1"],
    ),
    "no epochs": (changed("  epochs: 4\n", ""), [":7: training", "no epochs", "set training.epochs"]),
    "no training": (SMALL.split("training:")[0], ["training", "no epochs, no batch_size, no learning_rate"]),
    "batch size 0": (changed("32", "0"), [":9: training.batch_size", "greater than or equal to 1", "not 0"]),
    "epochs 0": (changed("epochs: 4", "epochs: 0"), [":8: training.epochs", "greater than or equal to 1"]),
    "epochs in halves": (
        changed("epochs: 4", "epochs: 1.5"),
        [":8: training.epochs", "must be a whole number, not 1.5"],
    ),
    "learning rate 0": (changed("1e-3", "0"), [":10: training.learning_rate", "greater than 0"]),
    "learning rate infinite": (changed("1e-3", ".inf"), [":10: training.learning_rate", "finite"]),
    "optimizer": (SMALL + "  optimizer: adamm\n", ["training.optimizer", "did you mean 'adam'", "adam, adamw, sgd"]),
    "training of no task": (SMALL + "  tasks: {snli: {epochs: 1}}\n", ["training.tasks.snli", "has no task 'snli'"]),
    "training of no cell": (
        SMALL + "  cells: {movie-snippets/bert: {epochs: 1}}\n",
        ["has no cell 'movie-snippets/bert'", "did you mean 'movie-snippets/bilstm'"],
    ),
    "gpus below 0": (SMALL + "resources: {gpus: -1}\n", [":11: resources.gpus", "greater than or equal to 0"]),
    "one and a half gpus": (SMALL + "resources: {gpus: 1.5}\n", [":11: resources.gpus", "1.5 GPUs", "0 to 1"]),
    "no cpus": (SMALL + "resources: {cpus: 0}\n", [":11: resources.cpus", "greater than 0"]),
    "resources of no model": (
        SMALL + "resources: {models: {bert: {gpus: 1}}}\n",
        ["resources.models.bert", "has no model"],
    ),
    "el2n without train": (SMALL + "record: {el2n: true}\n", [":11: record.el2n", "add train"]),
    "split unknown": (SMALL + "record: {splits: [tests]}\n", [":11: record.splits[0]", "did you mean 'test'"]),
    "nothing recorded": (SMALL + "record: {splits: []}\n", [":11: record.splits", "no split"]),
    "retries below 0": (SMALL + "retries: -1\n", [":11: retries", "greater than or equal to 0"]),
    "canary below 0": (SMALL + "canary: -1\n", [":11: canary", "greater than or equal to 0"]),
    "images for bert": (changed("[movie-snippets]", "[digits]"), [":3: models[0]", "image examples", "convnet"]),
    "limit 0": (
        changed("[movie-snippets]", "[{name: movie-snippets, limit: {train: 0}}]"),
        [":2: tasks[0].limit.train", "0 is not a number of examples"],
    ),
    "data absent": (
        changed("[movie-snippets]", "[{name: reuters, data: nowhere}]"),
        [":2: tasks[0].data", "there is no file or folder", "nowhere"],
    ),
    "registered with files": (
        changed("[movie-snippets]", "[{name: imdb, train: a.csv, test: b.csv, text: t, label: l}]"),
        ["tasks[0].train", "is a task of the project"],
    ),
    "own files absent": (
        changed("tasks: [movie-snippets]", OWN.format(text="review", label="stars").replace("train.csv", "trian.csv")),
        ["tasks[0]", "trian.csv", "does not exist"],
    ),
    "wrong text column": (
        changed("tasks: [movie-snippets]", OWN.format(text="revew", label="stars")),
        [":3: tasks[0]", "no column 'revew'", "review"],
    ),
    "wrong label column": (
        changed("tasks: [movie-snippets]", OWN.format(text="review", label="star")),
        [":3: tasks[0]", "no column 'star'", "stars"],
    ),
    "bad name": (changed("name: small", "name: ../up"), [":1: name", "'../up' is not a name"]),
    "no name": (changed("name: small\n", ""), ["name", "this key is missing"]),
    "key twice": (SMALL + "seeds: 4\n", ["study.yaml:11", "'seeds' is given twice (lines 6 and 11)"]),
    "key twice inside": (SMALL + "  epochs: 5\n", ["'training.epochs' is given twice (lines 8 and 11)"]),
    "two documents": (SMALL + "---\n" + SMALL, ["study.yaml:11", "one study"]),
    "a list": ("- name: small\n", ["study.yaml", "a mapping of keys", "not a list"]),
    "empty": ("", ["study.yaml", "is empty"]),
    "only a comment": ("# nothing\n", ["study.yaml", "is empty"]),
    "not UTF-8": (b"name: caf\xe9\n", ["study.yaml", "byte 9 is not UTF-8"]),
    "python tag": (
        "name: !!python/object/apply:os.system [touch x]\n",
        ["study.yaml:1", "!!python/object/apply", "plain"],
    ),
    "own tag": ("name: !thing x\n", ["study.yaml:1", "tag '!thing' is not allowed"]),
    "broken YAML": (SMALL + "record: {splits: [test}\n", ["study.yaml:11", "not readable as YAML"]),
    "tab": (SMALL + "\tretries: 1\n", ["study.yaml:11", "not readable as YAML"]),
    "control character": ("name: \x00\n", ["study.yaml", "not readable as YAML"]),
    "number as key": (SMALL + "7: 1\n", ["study.yaml:11", "keys are words"]),
    "deep nesting": ("name: " + "[" * 3000, ["study.yaml", "nested too deeply"]),
    "aliases of aliases": (
        "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcde", "bcdef", strict=True)),
        ["study.yaml", "more than 100000 values"],
    ),
    "merges of merges": (
        "a: &a {x0: 1, x1: 1, x2: 1, x3: 1, x4: 1, x5: 1, x6: 1, x7: 1, x8: 1, x9: 1}\n"
        + "".join(f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 10)}]}}\n" for a, b in zip("abcde", "bcdef", strict=True)),
        ["study.yaml", "more than 100000 values"],
    ),
    "endless merge": ("name: x\na: &a {<<: *a}\n", ["study.yaml", "nested too deeply"]),
    "more values than are read": ("name: [" + "1," * 200_000 + "]\n", ["study.yaml:1", "more than 50000 values"]),
    "endless alias": ("name: &a [*a]\n", ["study.yaml", "nested too deeply"]),
    "impossible date": ("name: 2020-13-45\n", ["study.yaml", "not readable as YAML"]),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with the files of a user's own task."""
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("review,stars\ngood,up\nbad,down\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_bad_study_is_refused(folder, case):
    """The message names place, what was given and what is allowed; exit 2; nothing is written; no traceback."""
    text, expected = BAD[case]
    written(folder, text)
    before = sorted(folder.iterdir())
    result = CliRunner().invoke(app, ["plan", "study.yaml", "--json"])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert [part for part in expected if part not in result.stderr] == [], result.stderr
    assert "Traceback" not in result.stderr
    assert "pydantic" not in result.stderr
    assert sorted(folder.iterdir()) == before


def test_every_wrong_key_is_named_at_once(folder):
    """Three mistakes make three lines."""
    text = changed("seeds: 3", "seeds: 0").replace("32", "0") + "retires: 1\n"
    with pytest.raises(StudyError) as error:
        load(str(written(folder, text)))
    assert len(str(error.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("quickstrat", "did you mean 'quickstart'"),
        ("missing.yaml", "neither a shipped study nor a file"),
        (".", "is a folder"),
        ("no\0name", "neither a shipped study nor a file"),
        ("x" * 5000, "cannot be read"),
        ("/dev/zero", "no regular file"),
    ],
)
def test_study_that_is_not_there(folder, name, expected):
    """A name that is neither shipped nor a file is answered with the nearest one and the list of names."""
    with pytest.raises(StudyError, match="shipped studies: quickstart") as error:
        load(name)
    assert expected in str(error.value)


def test_file_larger_than_any_study(folder):
    """A huge file is refused before it is parsed."""
    with pytest.raises(StudyError, match="no study file"):
        load(str(written(folder, b"#" * 1_000_001)))


def test_a_pipe_is_not_waited_for(folder):
    """A FIFO that nobody writes to is refused at once, as a study and as a file of overrides."""
    os.mkfifo(folder / "pipe")
    with pytest.raises(StudyError, match=r"'pipe' cannot be read \(it is no regular file\)"):
        load("pipe")
    with pytest.raises(StudyError, match=r"command line '@pipe': the file of overrides cannot be read \(it is no"):
        load(str(written(folder, SMALL)), ["@pipe"])


def test_run_needs_what_a_plan_does_not(folder):
    """A plan may lack the user's copies and vectors; a run names each of them."""
    study = load("pie")
    with pytest.raises(StudyError) as error:
        require_inputs(study)
    assert "tasks.reuters.data=PATH" in str(error.value)
    assert "tasks.aapd.data=PATH" in str(error.value)
    assert "models.bilstm.vectors=PATH" in str(error.value)


def test_inputs_that_are_there_are_enough(folder):
    """Nothing is asked for once every copy is named."""
    (folder / "glove.840B.300d.txt").write_text("a 1\n")
    study = load("pie", ["tasks.reuters.data=.", "tasks.aapd.data=."])
    assert require_inputs(study) is None


def test_model_alone_refuses_repeats():
    """A study made in Python is held to the same rules as one in a file."""
    values = {"name": "x", "tasks": ["digits"], "models": ["convnet"], "methods": "all", "sparsities": [0.5, 0.5]}
    with pytest.raises(ValueError, match="given twice"):
        Study.model_validate({**values, "seeds": 2})
