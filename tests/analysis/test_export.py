"""An exported store loads with the `datasets` library, says what it is, and keeps to itself what it should."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from analysis.export import QUERIES, ExportError, export
from analysis.relations.database import VIEWS, connect
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.reader import task_cards
from tasks import TASKS
from tests.analysis.stores import write_task
from tests.runner.store import mixed


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store, half of it compacted, and its export."""
    folder = tmp_path_factory.mktemp("export")
    store = folder / "store"
    mixed.store(store, range(2), planned=range(3))
    compact(store)
    for spec in mixed.specs(range(2, 3)):
        mixed.committed(store, spec)
    before = digest(store)
    done = export(store, folder / "out")
    assert digest(store) == before
    assert done.rows == {"examples": 60, "predictions": 18 * 30, "trials": 18, "pies": pies(store)}
    return store, folder / "out"


def pies(store: Path) -> int:
    """How many PIEs a store has."""
    ((count,),) = connect(store).execute("SELECT count(*) FROM pies WHERE is_pie").fetchall()
    return int(count)


def load(folder: Path, name: str, cache: Path, monkeypatch: pytest.MonkeyPatch):
    """One configuration as the library loads it, all splits."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    return datasets.load_dataset(str(folder), name, cache_dir=str(cache))


@pytest.mark.parametrize("name", QUERIES)
def test_every_configuration_loads(exported, name, tmp_path, monkeypatch) -> None:
    """Splits are those of the tasks, and rows are those of the views."""
    store, folder = exported
    loaded = load(folder, name, tmp_path, monkeypatch)
    assert set(loaded) == ({"train"} if name == "trials" else {"train", "test"})
    count = {"pies": "SELECT count(*) FROM pies WHERE is_pie AND split = 'test'"}
    query = count.get(name, f"SELECT count(*) FROM {name}" + ("" if name == "trials" else " WHERE split = 'test'"))
    split = "train" if name == "trials" else "test"
    assert [(loaded[split].num_rows,)] == connect(store).execute(query).fetchall()


def test_predictions_carry_their_trials_coordinates(exported, tmp_path, monkeypatch) -> None:
    """A row says by itself which task, model, method, sparsity and seed answered what for which example."""
    store, folder = exported
    loaded = load(folder, "predictions", tmp_path, monkeypatch)["test"].to_list()
    columns = "task, model, method, sparsity, seed, trial_id, p.split, example_id, p.label, p.labels"
    expected = connect(store).sql(f"SELECT {columns} FROM predictions p JOIN trials t USING (trial_id)")
    rows = [row for row in expected.to_arrow_table().to_pylist() if row["split"] == "test"]
    assert sorted(loaded, key=str) == sorted(rows, key=str)


def test_the_card_says_what_it_is(exported) -> None:
    """Front matter that the library reads; studies, tables with rows and columns, cells and licences for people."""
    _, folder = exported
    _, matter, body = (folder / "README.md").read_text().split("---\n", 2)
    front = yaml.safe_load(matter)
    assert [one["config_name"] for one in front["configs"]] == list(QUERIES)
    assert front["size_categories"] == ["n<1K"]
    assert "Predictions of pruned networks: mixed" in body
    assert "| toy-topics | bilstm | imp-ft | 0.5, 0.9 | 6 | 6 |" in body
    assert "predicted classes in index order" in body
    assert all(f"### {name}: {VIEWS[name]}" in body for name in QUERIES)


def test_texts_may_stay_at_home(exported, tmp_path, monkeypatch) -> None:
    """Without texts no file contains one; ids and labels are there, and the card says where the texts are."""
    store, _ = exported
    export(store, tmp_path / "out", texts=False)
    loaded = load(tmp_path / "out", "examples", tmp_path / "cache", monkeypatch)
    assert loaded["test"].column_names == ["task", "split", "example_id", "label", "labels"]
    assert "left out of `examples`" in (tmp_path / "out" / "README.md").read_text()
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"text 1" not in written


def test_the_host_stays_at_home(exported, tmp_path, monkeypatch) -> None:
    """Names of the machines that computed are not passed on."""
    _, folder = exported
    assert "host" not in load(folder, "trials", tmp_path, monkeypatch)["train"].column_names


def test_names_of_classes_cannot_break_the_card(tmp_path) -> None:
    """Markup and bars in names of classes arrive as text."""
    write_task(tmp_path / "store", "t", ["<b>|a", "b"], [{"split": "test", "example_id": 0, "label": "b", "text": "x"}])
    export(tmp_path / "store", tmp_path / "out")
    assert "&lt;b&gt;\\|a, b" in (tmp_path / "out" / "README.md").read_text()


def test_a_store_without_trials_exports_empty_tables(tmp_path, monkeypatch) -> None:
    """Tables without rows are there with their columns."""
    write_task(tmp_path / "store", "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "b", "text": "x"}])
    done = export(tmp_path / "store", tmp_path / "out")
    assert done.rows == {"examples": 1, "predictions": 0, "trials": 0, "pies": 0}
    assert load(tmp_path / "out", "examples", tmp_path / "cache", monkeypatch)["test"].num_rows == 1


def test_places_that_cannot_take_an_export(exported, tmp_path) -> None:
    """A folder with other things in it and a folder inside the store are refused and left as they are."""
    store, folder = exported
    (tmp_path / "letter.txt").write_text("dear reader")
    for out in (tmp_path, folder, store / "data" / "out"):
        with pytest.raises(ExportError, match="folder"):
            export(store, out)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    assert not (store / "data" / "out").exists()


def test_what_may_not_be_passed_on_is_left_out_unless_named(exported, tmp_path, monkeypatch) -> None:
    """Neither examples nor predictions nor PIEs of such a task are written, and the card says so."""
    store, _ = exported
    names = sorted(task_cards(store))
    kept = dataclasses.replace(TASKS["digits"], name=names[0], may_be_passed_on=False)
    monkeypatch.setitem(TASKS, names[0], kept)
    done = export(store, tmp_path / "out")
    assert done.left_out == (names[0],)
    for name in ("examples", "predictions", "pies"):
        rows = load(tmp_path / "out", name, tmp_path / name, monkeypatch)["test"]
        assert set(rows["task"]) == set(names[1:])
    trials = load(tmp_path / "out", "trials", tmp_path / "trials", monkeypatch)["train"]
    assert set(trials["task"]) == set(names)
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"forbids to pass them on: {names[0]}." in card
    assert f"### {names[0]}\n" not in card
    named = export(store, tmp_path / "along", along=[names[0]])
    assert named.left_out == ()
    assert named.rows["examples"] == 60


def test_a_store_of_nothing_else_needs_the_name(exported, tmp_path, monkeypatch) -> None:
    """Where nothing would be left nothing is written; a name that the store does not have is refused."""
    store, _ = exported
    for name in task_cards(store):
        monkeypatch.setitem(TASKS, name, dataclasses.replace(TASKS["digits"], name=name, may_be_passed_on=False))
    with pytest.raises(ExportError, match=r"forbids to pass the data on, and the store .* has no other task"):
        export(store, tmp_path / "out")
    with pytest.raises(ExportError, match="has no task 'conll'; it has"):
        export(store, tmp_path / "out", along=["conll"])
    assert not (tmp_path / "out").exists()
