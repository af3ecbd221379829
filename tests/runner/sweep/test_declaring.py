"""Hypotheses that a finished study declares later are kept, with the time at which they were said."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from runner.plan import identify, plan
from runner.store import reader
from runner.store.digest import digest
from runner.store.schema import Facts
from runner.store.writer import commit, freeze_plan, save_task
from runner.studies import load
from runner.sweep.run_study import Placement, run_study
from tasks.catalogue import open_task

STUDY = """\
name: own
tasks:
  - {name: mine, train: train.csv, test: test.csv, text: review, label: stars}
models: [bilstm]
methods: [rp-ai]
sparsities: [0.5]
seeds: 2
training: {epochs: 1, batch_size: 2, learning_rate: 1.0e-3}
"""
FAMILY = "hypotheses:\n  - {name: worse, against: dense, test: paired-t}\n"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The store of the finished study."""
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("review,stars\ngood,up\nbad,down\n")
    (tmp_path / "study.yaml").write_text(STUDY)
    study = load(str(tmp_path / "study.yaml"))
    data = open_task(study.tasks[0])
    root = tmp_path / "store"
    save_task(root, data)
    specs = identify(plan(study), {"mine": data.fingerprint}).trials
    freeze_plan(root, study.model_dump(mode="json"), specs)
    ids, labels = pa.array([0, 1], pa.int32()), pa.array([0, 1], pa.int16())
    rows = pa.table({"split": ["test", "test"], "example_id": ids, "label": labels})
    for spec in specs:
        assert commit(root, spec, rows, Facts(achieved_sparsity=spec.sparsity))
    return root


def run(root: Path, text: str) -> None:
    """Run the study of this text; there is nothing to train."""
    (root.parent / "study.yaml").write_text(text)
    end = run_study(plan(load(str(root.parent / "study.yaml"))), root, Placement(), Console(quiet=True))
    assert end.exit_code == 0


def test_a_plan_says_when_it_was_frozen(store: Path) -> None:
    """The time stands in the plan and is no part of its name: the same study again changes no byte."""
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    (frozen,) = reader.frozen_plans(store)
    assert datetime.fromisoformat(str(frozen.frozen_at)) <= datetime.now(UTC)
    assert all(str(frozen.frozen_at) <= record.committed_at for record in reader.commits(store))
    run(store, STUDY)
    assert {path: path.read_bytes() for path in before} == before
    freeze_plan(store, frozen.study, [])  # another plan: no trials
    assert len(reader.frozen_plans(store)) == 2
    (card,) = [path for path in before if path.read_bytes() != before[path]]
    assert card.name == "store.json"  # which says what there must be


def test_what_is_declared_later_is_a_plan_of_its_own(store: Path) -> None:
    """Later than the trials; the digest and the trials stay, and saying it again adds nothing."""
    unchanged = digest(store)
    run(store, STUDY + FAMILY)
    _, later = reader.frozen_plans(store)
    assert [family["name"] for family in later.study["hypotheses"]] == ["worse"]
    assert str(later.frozen_at) > max(record.committed_at for record in reader.commits(store))
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    run(store, STUDY + FAMILY)
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before
    assert digest(store) == unchanged


def test_other_metrics_of_a_finished_study_score_it_anew(store: Path) -> None:
    """The store scores the task by them from now on, and says so; no trial and no row is another."""
    before = digest(store)
    told = Console(file=io.StringIO(), width=200)
    scored = STUDY.replace("label: stars}", "label: stars, metrics: ['f1:up', accuracy]}")
    (store.parent / "study.yaml").write_text(scored)
    end = run_study(plan(load(str(store.parent / "study.yaml"))), store, Placement(), told)
    assert (end.exit_code, end.committed, digest(store)) == (0, end.planned, before)
    assert reader.task_cards(store)["mine"].metrics == ("f1:up", "accuracy")
    said = told.file.getvalue()  # type: ignore[attr-defined]
    assert (
        "task mine: all its trials are scored by f1:up, accuracy from now on, no longer by accuracy, macro-f1" in said
    )
