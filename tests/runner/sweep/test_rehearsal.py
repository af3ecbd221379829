"""The miniature of a study, and its two runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from runner.command_line import app
from runner.plan import plan
from runner.studies import STUDIES, load
from runner.sweep.rehearsal import miniature
from tasks import TASKS

OWN = """
name: own
tasks: [{name: 2024-snippets, train: train.csv, test: test.csv, text: text, label: label, limit: {train: 40}}]
models: [convnet, {name: small, model: bilstm}]
methods: []
sparsities: []
seeds: [3, 5, 8]
protocol: release
training:
  epochs: 9
  batch_size: 8
  learning_rate: 0.003
  warmup_epochs: 5
  cells: {2024-snippets/small: {warmup_epochs: 8.5, epochs: 12}}
tuning: {cells: {2024-snippets/small: {epochs: [2, 6]}}}
resources: {models: {small: {cpus: 1}}}
canary: 4
hypotheses: [{name: mine, of: {method: imp-ft}, against: rp-ai, test: paired-t}]
"""


def data_of(study: str, folder: Path) -> list[str]:
    """A copy of the user's for every task of a study that needs one."""
    return [f"tasks.{task.name}.data={folder}" for task in load(study).tasks if TASKS[task.name].needs_data]


@pytest.mark.parametrize("study", STUDIES)
def test_every_study_has_a_miniature(study: str, tmp_path: Path) -> None:
    """Few trials of few examples, several checkpoints each, with children that start from a parent and others."""
    small = load(study, miniature(study, data_of(study, tmp_path)))
    kinds = {method.line.starts_dense for method in load(study).methods}
    assert {method.line.starts_dense for method in small.methods} == kinds
    assert len(plan(small).trials) == 2 * (1 + len(kinds))
    asked = load(study).tasks[0].limit
    assert small.tasks[0].limit == {"train": 200, "test": 100} | dict.fromkeys({*asked} - {"train", "test"}, 100)
    assert small.tasks[0].name == load(study).tasks[0].name
    assert {spec.training.epochs for spec in plan(small).trials} == {3}
    assert not small.hypotheses


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A study with whatever a miniature could stumble over."""
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text("text,label\ngood film,yes\nbad film,no\n")
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    return path


def test_a_study_of_ones_own_has_one(own: Path) -> None:
    """Hypotheses and copies are left out, the warm-up fits, exceptions give way; smaller limits and options stay."""
    changes = ["models=[small]", "methods=[rp-ai, imp-ft, imp-wr]", "sparsities=[0.5, 0.9]"]
    assert load(str(own), changes).hypotheses
    small = load(str(own), miniature(str(own), changes))
    assert (small.seeds, small.sparsities) == ((3, 5), (0.9,))
    assert [method.name for method in small.methods] == ["imp-ft", "rp-ai"]
    assert small.tasks[0].limit == {"train": 40, "test": 100}
    assert {(spec.training.epochs, spec.training.warmup_epochs) for spec in plan(small).trials} == {(3, 1.0)}
    assert (small.canary, small.hypotheses) == (0, ())


def test_dense_models_alone_can_be_rehearsed(own: Path) -> None:
    """A study without methods is two trials."""
    dense = ["models=[small]", "hypotheses=[]"]
    assert len(plan(load(str(own), miniature(str(own), dense))).trials) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["reuters-bilstm"], "'reuters' needs your copy of its data"),
        (["quickstart-bert", "strategy=deepspeed", "training.micro_batches=2"], "strategy=single"),
        (["quickstart", "sparsities=[2]"], "2 is not a sparsity"),
    ],
)
def test_what_cannot_be_rehearsed_is_said_in_words(words: list[str], said: str, tmp_path: Path) -> None:
    """Exit code 2 before anything starts, and nothing is written."""
    shared = tmp_path / "shared"
    result = CliRunner().invoke(app, ["doctor", "--chaos", words[0], "--store-parent", str(shared), *words[1:]])
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert not shared.exists()
