"""What a newcomer adds is one line of a registry: a study of nothing but additions runs to its report."""

from __future__ import annotations

import dataclasses
import io
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner

import analysis.relations.database
from analysis.figures import FIGURES
from analysis.figures.drawing import Drawing
from analysis.relations.database import VIEWS
from analysis.report import write_report
from analysis.tables import TABLES
from analysis.tables.table import Line, Table, Value
from cluster import LAUNCHERS
from cluster.launcher import Launcher
from runner.command_line import app
from runner.method import Method
from runner.methods import METHODS
from runner.models import MODELS
from runner.optimizers import LEARNING_RATES, OPTIMIZERS, OptimizerKind
from runner.plan import plan
from runner.pruning.gates import GATES
from runner.pruning.gates.movement import Movement
from runner.pruning.penalties import PENALTIES
from runner.pruning.penalties.lasso import Lasso
from runner.pruning.removals import REMOVALS
from runner.pruning.removals.remembered import Remembered
from runner.pruning.schedules import SCHEDULES, AtInitialization
from runner.pruning.scores import SCORES
from runner.pruning.scores.base import Score
from runner.pruning.targets import TARGETS, weights_of
from runner.pruning.teachers import TEACHERS
from runner.pruning.teachers.dense_parent import DenseParent
from runner.store.reader import commits
from runner.store.verify import broken_invariants
from runner.studies import load
from runner.sweep import run_study as sweeping
from runner.sweep.run_study import Placement
from tasks import TASKS
from tests.runner.small_network import ARCHITECTURE, small_task
from tests.runner.tuning.points import InThisProcess, task_of

STUDY = """\
name: additions
tasks: [points]
models: [toy-network]
methods: [toy, toy-learned, toy-taught, toy-penalized]
sparsities: [0.5]
seeds: 5
training:
  epochs: 2
  batch_size: 40
  learning_rate: 0.05
  optimizer: toy-sgd
  learning_rates: toy-halved
  finetuning: {epochs: 1, optimizer: new}
"""


class Squares(Score):
    """score(w) = the sum of squared gradients of every step so far: a score that looks at steps and remembers."""

    reference = "this test"

    def start(self, weights):
        return {name: torch.zeros_like(weight) for name, weight in weights.items()}

    def observe(self, signals):
        for name, gradient in signals.gradients().items():
            signals.memory[name] += gradient.square()

    def importance(self, signals):
        return dict(signals.memory)


@dataclasses.dataclass(frozen=True)
class Halfway(AtInitialization):
    """Everything at once in the middle of the training."""

    reference: str = "this test"

    def removed(self, moment, target):
        return target if 2 * moment.step == moment.steps else None


class Shaken(Remembered):
    """As remembered, under another name."""


class Still(Movement):
    """Movement whose gates go the other way."""

    def gradients(self, gates, computed):
        return {name: -gradient for name, gradient in super().gradients(gates, computed).items()}


def only_the_second(network):
    """The weights of one layer alone."""
    return {name: weight for name, weight in weights_of(network, gains=False).items() if name.startswith("second")}


def table(results):
    """How many trials there are."""
    count = results.connection.sql("FROM toy_view").fetchall()[0][0]
    return Table(
        name="toy_table",
        title="Toy",
        caption="Trials.",
        keys=("store",),
        columns=("trials",),
        parts=("",),
        lines=(Line(keys=("all",), values=((Value(str(count)),),)),),
        legend={},
        records=({"trials": count},),
        views=("toy_view",),
    )


def figure(results):
    """An empty pair of axes."""
    yield (), plt.figure()


@pytest.fixture
def additions(monkeypatch, tmp_path):
    """One line in every registry; a view's file lies beside the others."""
    sql = tmp_path / "sql"
    shutil.copytree(analysis.relations.database.SQL, sql)
    (sql / "toy_view.sql").write_text("-- Needs: trials\nSELECT count(*) AS trials FROM trials")
    monkeypatch.setattr(analysis.relations.database, "SQL", sql)
    lines = [
        (SCORES, "toy-score", Squares()),
        (SCHEDULES, "toy-schedule", Halfway()),
        (REMOVALS, "toy-removal", Shaken()),
        (GATES, "toy-gate", Still()),
        (TEACHERS, "toy-teacher", DenseParent(share=0.2)),
        (TARGETS, "toy-targets", only_the_second),
        (PENALTIES, "toy-penalty", Lasso(strength=0.1)),
        (OPTIMIZERS, "toy-sgd", OptimizerKind(name="SGD", moments=())),
        (LEARNING_RATES, "toy-halved", lambda moment, milestones: 0.5),
        (METHODS, "toy", toy(removal="toy-removal", targets="toy-targets")),
        (METHODS, "toy-learned", toy(removal="gated", gate="toy-gate")),
        (METHODS, "toy-taught", dataclasses.replace(toy(teacher="toy-teacher"), schedule="rounds", score="magnitude")),
        (METHODS, "toy-penalized", toy(penalty="toy-penalty")),
        (MODELS, "toy-network", ARCHITECTURE),
        (TASKS, "points", task_of(small_task())),
        (VIEWS, "toy_view", "a view"),
        (TABLES, "toy_table", table),
        (FIGURES, "toy_figure", Drawing(title="Toy", caption="Nothing.", views=("trials",), draw=figure)),
        (LAUNCHERS, "toy-launcher", LAUNCHER),
    ]
    for registry, name, line in lines:
        monkeypatch.setitem(registry, name, line)


def toy(**parts) -> Method:
    """A method of toys."""
    return Method(title="Toy", score="toy-score", schedule="toy-schedule", scope="global", **parts)


LAUNCHER = Launcher(
    title="toy",
    script=lambda job, site: f"# {job.nodes} nodes",
    submit=lambda path, job: "",
    ending=".x",
    site="laptop",
)


def test_a_study_of_additions_runs_to_its_report(additions, monkeypatch, tmp_path):
    """Score, schedule, removal, gate, teacher, penalty, targets, optimizer, learning rate, method, model, task, view,
    table, figure and launcher: one line each, and the study is planned, run, verified, asked, reported and
    submitted."""
    path, store = tmp_path / "additions.yaml", tmp_path / "store"
    path.write_text(STUDY)
    here = InThisProcess()
    monkeypatch.setattr(sweeping, "_joined", here.joined)
    monkeypatch.setattr(sweeping, "_sweep", here)
    ended = sweeping.run_study(plan(load(str(path))), store, Placement(), Console(file=io.StringIO()))
    assert (ended.planned, ended.committed) == (25, 25)
    assert broken_invariants(store) == []
    layers = {record.settings["method"]: record.facts.layer_sparsity.keys() for record in commits(store)}
    assert layers["toy"] == {"second.weight"}
    assert layers["toy-learned"] == layers["toy-taught"] == {"first.weight", "second.weight"}
    monkeypatch.setattr("analysis.report.png", lambda figure: b"")  # its SVG is the same picture
    page = write_report(store, tmp_path / "report")
    assert "Toy" in page.read_text()
    assert (page.parent / "tables" / "toy_table.md").exists()
    assert list((page.parent / "figures").glob("toy_figure*.svg"))
    words = ["submit", str(path), "--store", str(store), "--on", "toy-launcher", "--nodes", "1", "--dry-run"]
    told = CliRunner().invoke(app, words)
    assert (told.exit_code, told.stdout) == (0, "# 1 nodes"), told.output


def test_a_kind_of_answer_and_its_head_are_one_line_each(tmp_path):
    """In a process of its own, since columns and views are derived from the kinds when they are first read: its trials
    run, vary no one else's files, and are compacted, verified, scored by its own SQL and reported."""
    words = [sys.executable, "-m", "tests.toy_kind", str(tmp_path)]
    told = subprocess.run(words, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "True\n"), told.stderr


def test_an_extra_is_one_line(tmp_path):
    """In a process of its own: a study asks for it by name, plan knows its bytes, a trial keeps it, SQL reads it."""
    words = [sys.executable, "-m", "tests.toy_extra", str(tmp_path)]
    told = subprocess.run(words, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "[(24,)]\n"), told.stderr
