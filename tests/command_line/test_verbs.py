"""What the verbs print, and with which exit code they end."""

from __future__ import annotations

import ast
import importlib
import json

import pytest
from typer.testing import CliRunner

from runner.command_line import app
from runner.command_line.group import FOREIGN, exit_code_of
from runner.studies import STUDIES
from tests.rooms import ROOMS, ROOT


def test_plan_of_the_papers_grid_as_json(piesweep):
    """Scripts read exactly these ten figures."""
    result = piesweep("plan", "pie", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found.pop("store_bytes") > 0
    assert found == {
        "trials": 9840,
        "dense": 240,
        "pruned": 9600,
        "references": 0,
        "training_units": 21840,
        "training_units_naive": 27840,
        "rows": {"test": 91642380, "train": 1549662240},
        "probability_bytes": 48380829840,
        "canary": 0,
    }


def test_plan_for_people(piesweep, tmp_path, monkeypatch):
    """The table shows every cell, and what is missing before the study can run."""
    monkeypatch.chdir(tmp_path)
    result = piesweep("plan", "pie", "tasks=[reuters]", "seeds=2")
    assert result.exit_code == 0
    assert "164 (4 dense, 160 pruned)" in result.stdout
    assert "before it can run: 'reuters' needs your copy" in result.stdout
    assert "5.495e-05" in result.stdout


BLOCKS = """\
name: union
grid:
  - {tasks: [movie-snippets], models: [bilstm], methods: [imp-ft, mp-ai], sparsities: [0.5]}
  - {tasks: [movie-snippets], models: [bilstm], methods: [mp-ai], sparsities: [0.5, 0.9]}
seeds: 5
training: {epochs: 1, batch_size: 32, learning_rate: 1e-3}
"""


def test_plan_says_what_each_block_costs(piesweep, tmp_path):
    """Of each block of a grid, by itself, and what of that blocks above have too; as a table and as JSON."""
    study = tmp_path / "union.yaml"
    study.write_text(BLOCKS)
    shown = piesweep("plan", study).stdout
    assert "20 (5 dense, 15 pruned)" in shown
    lines = [line.split() for line in shown.splitlines() if line.startswith(" grid[")]
    assert [" ".join(line[-6:]) for line in lines] == ["15 5 0 10 25 nothing", "10 15 10 trials, 10 units"]
    found = json.loads(piesweep("plan", study, "--json").stdout)
    first, second = found["blocks"]
    assert first == {
        "tasks": ["movie-snippets"],
        "models": ["bilstm"],
        "methods": ["imp-ft", "mp-ai"],
        "sparsities": [0.5],
        "seeds": 5,
        "trials": 15,
        "dense": 5,
        "pruned": 10,
        "references": 0,
        "training_units": 25,
        "shared_trials": 0,
        "shared_units": 0,
    }
    assert (second["trials"], second["training_units"]) == (15, 15)
    assert (second["shared_trials"], second["shared_units"]) == (10, 10)
    assert found["training_units"] == 30


def test_plan_refuses_both_forms_at_once(piesweep, tmp_path):
    """Exit code 2, one line."""
    study = tmp_path / "both.yaml"
    study.write_text(BLOCKS + "methods: all\n")
    result = piesweep("plan", study)
    assert result.exit_code == 2
    assert "this one has methods beside `grid`" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("options", [["plan", "pie", "seeds=0"], ["plan", "nothing"], ["describe", "study", "nothing"]])
def test_bad_study_exits_2(piesweep, options):
    """Bad input is one message on stderr and exit code 2."""
    result = piesweep(*options)
    assert result.exit_code == 2
    assert result.stderr.startswith("piesweep: ")
    assert result.stdout == ""


@pytest.mark.parametrize(
    "options",
    [["plan"], ["paln", "pie"], ["plan", "pie", "--jsn"], ["list", "things"], ["describe", "model"]],
)
def test_usage_error_exits_2(piesweep, options):
    """A command line that cannot be read ends like any bad input."""
    result = piesweep(*options)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("tasks", {"task": "digits", "inputs": "image"}),
        ("models", {"model": "bilstm", "inputs": ["text", "pair"]}),
        ("methods", {"method": "imp-wr", "score": "magnitude", "recovery": "rewind"}),
        ("studies", {"study": "pie"}),
        ("views", {"view": "pie_rate"}),
    ],
)
def test_list(piesweep, what, expected):
    """Every registry is listed, for scripts and for people."""
    rows = json.loads(piesweep("list", what, "--json").stdout)
    assert any(expected.items() <= row.items() for row in rows)
    assert json.loads(piesweep("list", "--json").stdout)[what] == rows
    assert next(iter(expected.values())) in piesweep("list", what).stdout
    assert next(iter(expected.values())) in piesweep("list").stdout


@pytest.mark.parametrize(
    ("name", "classes", "options", "parameters", "prunable"),
    [
        ("bilstm", 2, [], 647810, 643968),
        ("bilstm", 3, [], 647939, 643968),
        ("bilstm", 23, [], 650519, 643968),
        ("bilstm", 54, [], 654518, 643968),
        ("bert", 2, [], 109483778, 85524480),
        ("bert", 2, ["--protocol", "release"], 109483778, 85542912),
    ],
)
def test_describe_model(piesweep, name, classes, options, parameters, prunable):
    """Table 5 of Tropeano et al. 2025, and what each protocol prunes of it."""
    result = piesweep("describe", "model", name, "--classes", classes, *options, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["parameters"], found["prunable"]) == (parameters, prunable)


def test_describe_model_with_options(piesweep):
    """Options are given as in a study, and a wrong one is named with the nearest."""
    narrow = json.loads(piesweep("describe", "model", "bilstm", "hidden=10", "--classes", 2, "--json").stdout)
    assert narrow["parameters"] < 647810
    wrong = piesweep("describe", "model", "bilstm", "hiden=10", "--classes", 2)
    assert wrong.exit_code == 2
    assert "did you mean 'hidden'" in wrong.stderr


@pytest.mark.parametrize("kind", ["model", "method", "task"])
def test_describe_unknown_name(piesweep, kind):
    """An unknown name is answered with the names there are."""
    options = ["--classes", "2"] if kind == "model" else []
    result = piesweep("describe", kind, "nothing-like-it", *options)
    assert result.exit_code == 2
    assert "nothing-like-it" in result.stderr


def test_describe_task_without_its_data(piesweep):
    """What is declared of a task is known before its data is here."""
    found = json.loads(piesweep("describe", "task", "reuters", "--json").stdout)
    assert (found["train"], found["validation"], found["test"], found["classes"]) == (6737, 1440, 1429, 23)
    assert found["kind"] == "multi-label"
    assert "6,737" in piesweep("describe", "task", "reuters").stdout


def test_describe_method(piesweep):
    """A method is its four parts, and its options with how long they make it train."""
    found = json.loads(piesweep("describe", "method", "irp-ft", "--json").stdout)
    assert (found["score"], found["schedule"], found["recovery"]) == ("random", "rounds", "finetune")
    assert (found["options"], found["epochs where the dense model trains 10"]) == ({"rounds": 3}, "10 + 10 + 10 + 10")
    longer = json.loads(piesweep("describe", "method", "irp-ft", "rounds=5", "--json").stdout)
    assert (longer["options"], longer["epochs where the dense model trains 10"].count("10")) == ({"rounds": 5}, 6)
    wrong = piesweep("describe", "method", "irp-ft", "ronds=5")
    assert (wrong.exit_code, "did you mean 'rounds'" in wrong.stderr) == (2, True)


def test_describe_study_can_be_planned_again(piesweep, tmp_path):
    """What `describe study` prints is a study file with the same plan."""
    for name in STUDIES:
        described = piesweep("describe", "study", name, "seeds=2")
        again = tmp_path / f"{name}.yaml"
        again.write_text(described.stdout)
        assert piesweep("plan", again, "--json").stdout == piesweep("plan", name, "seeds=2", "--json").stdout


def test_sql(piesweep, store):
    """A question in SQL is answered as JSON; a wrong one exits 2."""
    query = "SELECT example_id, dense_vote, pruned_vote FROM pies WHERE is_pie"
    result = piesweep("sql", store, query, "--format", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == [{"example_id": 3, "dense_vote": "yes", "pruned_vote": "no"}]
    assert piesweep("sql", store, "SELECT nothing FROM nowhere").exit_code == 2


@pytest.mark.parametrize(("words", "given"), [(["-"], True), (["--file", "-"], True), (["--file", "{file}"], False)])
def test_sql_from_a_file_or_standard_input(store, tmp_path, words, given):
    """The question may have several lines and a byte order mark."""
    query = "\ufeffPIVOT effectiveness\nON seed USING any_value(value)\nGROUP BY method ORDER BY method;\n"
    (tmp_path / "q.sql").write_text(query, encoding="utf-8")
    arguments = [word.format(file=tmp_path / "q.sql") for word in words]
    result = CliRunner().invoke(app, ["sql", str(store), *arguments, "--format", "csv"], input=query if given else "")
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == ["method,0,1", "dense,1.0,1.0", "imp-ft,0.75,0.75"]


@pytest.mark.parametrize("words", [[], ["SELECT 1", "--file", "{file}"]])
def test_sql_takes_one_question(piesweep, store, tmp_path, words):
    """None, or two, exit 2 in one line that says how to give one."""
    result = piesweep("sql", store, *(word.format(file=tmp_path / "q.sql") for word in words))
    assert (result.exit_code, len(result.stderr.strip().splitlines())) == (2, 1)
    assert "--file FILE" in result.stderr


def test_describe_view(piesweep):
    """Columns with types and meanings, and a query; a name that is no view exits 2 with those that are."""
    told = piesweep("describe", "view", "pie_rate")
    assert told.exit_code == 0, told.output
    assert "pies / examples; null without examples" in told.stdout
    assert told.stdout.strip().splitlines()[-1].startswith("PIVOT pie_rate")
    assert json.loads(piesweep("describe", "view", "pie_rate", "--json").stdout)["columns"][4]["kind"] == "DOUBLE"
    refused = piesweep("describe", "view", "pie_rates")
    assert (refused.exit_code, "did you mean 'pie_rate'" in refused.stderr) == (2, True)


def test_sql_into_a_file(piesweep, store, tmp_path):
    """--out writes the answer into a file."""
    result = piesweep("sql", store, "SELECT count(*) AS n FROM trials", "--format", "csv", "--out", tmp_path / "n.csv")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "n.csv").read_text().split() == ["n", "4"]


@pytest.mark.parametrize(
    "options", [["sql", "SELECT 1"], ["status"], ["verify"], ["digest"], ["report", "--out", "report"]]
)
def test_store_that_is_not_there(piesweep, tmp_path, monkeypatch, options):
    """A folder that is no store is refused, and not made one."""
    monkeypatch.chdir(tmp_path)
    verb, *others = options
    result = piesweep(verb, "absent", *others)
    assert result.exit_code == 2, result.output
    assert list(tmp_path.iterdir()) == []


def test_doctor_tries_the_store(piesweep, tmp_path):
    """The doctor tries what commits rely on, in the store's file system, and leaves nothing behind."""
    result = piesweep("doctor", "--store", tmp_path / "not" / "yet", "--json")
    checks = {check["check"]: check for check in json.loads(result.stdout)}
    assert result.exit_code == (0 if all(check["ok"] for check in checks.values()) else 1)
    assert checks["store: exclusive creation"]["ok"]
    assert checks["store: atomic replacement"]["ok"]
    assert checks["store: forcing to disk"]["ok"]
    assert list(tmp_path.iterdir()) == []


def test_doctor_fails_where_links_fail(piesweep, tmp_path, monkeypatch):
    """A file system without exclusive links cannot hold a store, and the doctor says so with exit code 1."""

    def link(source, target):
        raise OSError("links are not supported")

    monkeypatch.setattr("os.link", link)
    result = piesweep("doctor", "--store", tmp_path, "--json")
    checks = {check["check"]: check for check in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert checks["store: exclusive creation"]["found"] == "links are not supported"
    assert checks["store: exclusive creation"]["advice"]


def test_too_little_memory_is_no_traceback(piesweep, store, monkeypatch):
    """A question that takes more memory than it may have ends with what can be done about it."""
    monkeypatch.setenv("PIESWEEP_MEMORY", "10MiB")
    result = piesweep("sql", store, "SELECT len(list(number)) FROM range(10000000) AS r(number) GROUP BY number % 2")
    assert result.exit_code == 1
    assert "PIESWEEP_MEMORY" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", FOREIGN)
def test_errors_of_others_with_an_exit_code_exist(name):
    """They are known by name alone, so that the names must be right."""
    module, _, error = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), error), Exception)


FAULTS = {"OutOfDeviceMemory", "CheckpointError", "ParentMissing", "RehearsalError", "DamageError"}
"""Errors that verbs never end with: something of ours catches them, or a trial fails by them."""


def test_every_error_of_ours_says_how_a_verb_ends():
    """Bad input (2), a store that another driver holds (75), or one of FAULTS: none is forgotten."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and any("Error" in ast.unparse(base) for base in node.bases):
                    module = path.relative_to(ROOT).with_suffix("").as_posix().removesuffix("/__init__")
                    error = getattr(importlib.import_module(module.replace("/", ".")), node.name)
                    is_fault = bool({one.__name__ for one in error.__mro__} & FAULTS)
                    code = exit_code_of(Exception.__new__(error))
                    assert code == (None if is_fault else 75 if node.name == "StoreHeld" else 2), error


def test_plan_says_what_whole_filters_come_to(piesweep):
    """Ratios of whole filters are not quite those asked for; one out of reach says the largest."""
    changed = "grid.0.compressions=[1.75, 19.11, 50]"
    shown = " ".join(piesweep("plan", "recall-chip", changed).stdout.split())
    told = "resnet-56 on cifar10, whole filters: ratio"
    assert f"{told} 1.75 of all parameters to those left comes to 1.752 {told} 19.11" in shown
    assert "every convolution keeps one" in shown
    assert shown.endswith("which is 0.9755 of all, a compression of 40.82")
