"""Names that come from elsewhere name nothing outside the store, and legitimate ones work."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from analysis.relations.database import connect
from runner.store import reader
from runner.store.compaction.compact import compact
from runner.store.errors import StoreError
from runner.store.ingest import ingest
from runner.store.layout import Layout
from runner.store.merge import merge
from runner.store.names import TaskName, file_name, task_of
from runner.store.verify import broken_invariants
from tests.runner.store import samples, tampering

TASK_NAME = TypeAdapter(TaskName)


def predictions(folder: Path, task: str, seeds: int = 2) -> tuple[Path, Path]:
    """Files of predictions and examples of a small task of this name."""
    folder.mkdir(parents=True, exist_ok=True)
    answers, examples = folder / "predictions.csv", folder / "examples.csv"
    with answers.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["task", "model", "method", "sparsity", "seed", "split", "example_id", "label"])
        for method, sparsity in (("dense", 0), ("imp-ft", 0.5)):
            for seed in range(seeds):
                writer.writerows(
                    [task, "m", method, sparsity, seed, "test", row, "ab"[(row + seed) % 2]] for row in range(4)
                )
    with examples.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["task", "split", "example_id", "label", "text"])
        writer.writerows([task, "test", row, "ab"[row % 2], f"text {row}"] for row in range(4))
    return answers, examples


@given(st.text(min_size=1))
def test_a_file_name_is_one_name_and_says_which_task(name: str) -> None:
    """Whatever name is taken becomes one path component that is no dot file, and comes back from it."""
    try:
        TASK_NAME.validate_python(name)
    except ValidationError:
        return
    made = file_name(name)
    assert "/" not in made
    assert not made.startswith(".")
    assert len(made.encode()) <= 200
    assert task_of(made) == name


@pytest.mark.parametrize("name", ["movie-snippets", "a.b_c-1", "snli"])
def test_names_of_stores_that_exist_are_their_file_names(name: str) -> None:
    """What a task was called before is where it lies."""
    assert file_name(name) == name


@pytest.mark.parametrize("name", ["", " a", "a\x1b[31m", "a\nb", "\u202eabc", "x" * 300, "é" * 60])
def test_names_that_are_no_names_are_refused(name: str) -> None:
    """Empty ones, control characters and directions, and names that no file could have."""
    with pytest.raises(ValidationError):
        TASK_NAME.validate_python(name)


@pytest.mark.parametrize("task", ["glue/sst2", "../../victim", "..", "/etc/victim", "100% sure?", "Größe*[1]"])
def test_a_task_of_any_name_stays_in_its_store_and_works(tmp_path: Path, task: str) -> None:
    """It is ingested, answered for by SQL, compacted and merged; nothing lands beside the store."""
    root = tmp_path / "deep" / "stores" / "one"
    files = predictions(tmp_path / "given", task)
    assert ingest(root, *files).committed == 4
    before = {path for path in tmp_path.rglob("*") if root not in path.parents}
    assert connect(root).execute("SELECT DISTINCT task FROM pie_rate").fetchall() == [(task,)]
    compact(root)
    merge(root.parent / "two", [root])
    assert connect(root.parent / "two").execute("SELECT count(*) FROM examples WHERE task = ?", [task]).fetchall() == [
        (4,)
    ]
    assert broken_invariants(root.parent / "two") == []
    after = {
        path for path in tmp_path.rglob("*") if root not in path.parents and root.parent / "two" not in path.parents
    }
    assert after - before == {root.parent / "two"}


FOREIGN = {
    "trial_id": lambda record: record.update(trial_id="../../victim/important"),
    "attempt": lambda record: record.update(attempt="../x"),
    "parent": lambda record: record.update(parent_id="../../victim/important"),
    "above": lambda record: record["files"][0].update(path="../victim/rows.parquet"),
    "absolute": lambda record: record["files"][0].update(path="/etc/passwd"),
    "no-file": lambda record: record.update(files=[]),
    "task": lambda record: record["settings"].update(task="a\x1b"),
    "seed": lambda record: record["settings"].update(seed="0"),
}


@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_record_is_refused_and_touches_nothing(tmp_path: Path, change) -> None:
    """Neither reading nor merging such a store opens, writes or removes anything outside; each names the record."""
    samples.store(tmp_path / "store", seeds=1)
    victim = tmp_path / "victim" / "important.json"
    victim.parent.mkdir()
    victim.write_text("{}")
    path = Layout(tmp_path / "store").commit(samples.spec().trial_id)
    tampering.rewrite(path, change)
    with pytest.raises(StoreError, match=path.name):
        reader.commits(tmp_path / "store")
    with pytest.raises(StoreError, match="not sound"):
        merge(tmp_path / "target", [tmp_path / "store"])
    assert victim.read_text() == "{}"
    assert not (tmp_path / "target").exists()
    assert any(path.name in sentence for sentence in broken_invariants(tmp_path / "store"))


def test_a_card_of_another_name_is_refused(tmp_path: Path) -> None:
    """A task's card lies under the file name of its task, and under no other."""
    samples.store(tmp_path, seeds=1)
    tampering.rewrite(Layout(tmp_path).task_card("toy"), lambda card: card.update(task="../../x"))
    with pytest.raises(StoreError, match=r"toy\.json"):
        reader.task_cards(tmp_path)


def test_a_plan_that_is_changed_is_noticed(tmp_path: Path) -> None:
    """A plan's name is the hash of what it says: hypotheses cannot be added after the data, even with a new seal."""
    samples.store(tmp_path, seeds=1)
    (plan,) = Layout(tmp_path).plans.iterdir()
    tampering.rewrite(plan, lambda content: content["study"].update(hypotheses=[{"name": "late"}]))
    with pytest.raises(StoreError, match="its name is the hash of another study"):
        reader.frozen_plans(tmp_path)
    assert any(plan.name in sentence for sentence in broken_invariants(tmp_path))


def test_a_time_that_is_changed_is_noticed(tmp_path: Path) -> None:
    """When a plan was frozen is no part of its name, but of its seal."""
    samples.store(tmp_path, seeds=1)
    (plan,) = Layout(tmp_path).plans.iterdir()
    content = json.loads(plan.read_bytes())
    plan.write_bytes(plan.read_bytes().replace(content["frozen_at"][:4].encode(), b"1999"))
    with pytest.raises(StoreError, match="does not have the hash that it names"):
        reader.frozen_plans(tmp_path)
