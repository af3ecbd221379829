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
from runner.store.errors import StoreError
from runner.store.schema import Facts
from runner.store.writer import commit, freeze_plan, save_task
from runner.studies import load
from runner.sweep.run_study import Placement, run_study
from tasks.catalogue import open_task
from tests.bleurt_checkpoints import write_checkpoint

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


def test_a_checkpoint_of_bleurt_scores_later_trials_alone(tmp_path: Path) -> None:
    """A finished study that is given one says that what has committed has no score; then another one is refused."""
    (tmp_path / "train.csv").write_text("facts,told\na : b,It is b.\n")
    (tmp_path / "test.csv").write_text("facts,told\na : c,It is c.\n")
    own = "{name: mine, train: train.csv, test: test.csv, text: facts, target: told}"
    path, root = tmp_path / "study.yaml", tmp_path / "store"
    path.write_text(STUDY.replace("models: [bilstm]", "models: [decoder]").replace(STUDY.splitlines()[2][4:], own))
    study = load(str(path))
    data = open_task(study.tasks[0])
    save_task(root, data)
    specs = identify(plan(study), {"mine": data.fingerprint}).trials
    rows = {"split": ["test"], "example_id": pa.array([0], pa.int32()), "answer": ["It is."]}
    for spec in specs:
        commit(root, spec, pa.table(rows | {"quality": pa.array([0.5], pa.float32())}), Facts(achieved_sparsity=0.5))
    tiny, other = (write_checkpoint(tmp_path / name, seed=seed) for seed, name in enumerate(("tiny", "other")))
    told = Console(file=io.StringIO(), width=200)
    end = run_study(plan(load(str(path), [f"tasks.mine.bleurt={tiny}"])), root, Placement(), told)
    assert (end.exit_code, end.committed) == (0, end.planned)
    assert reader.task_card(root, "mine").metrics == ("bleu", "chrf", "rouge-l", "bleurt")
    said = told.file.getvalue()  # type: ignore[attr-defined]
    assert "task mine: trials that have committed have no bleurt, nor will they" in said
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(StoreError, match="has BLEURT of task 'mine' by another checkpoint"):
        run_study(plan(load(str(path), [f"tasks.mine.bleurt={other}"])), root, Placement(), Console(quiet=True))
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
