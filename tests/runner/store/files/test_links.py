"""Links, pipes and endless files: nothing outside a store is written, removed or waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from runner.store import reader
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.merge import merge
from runner.store.prune import prune_checkpoints
from runner.store.status import status
from runner.store.verify import broken_invariants
from runner.trial import checkpoints
from tests.runner.store import samples


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A small store."""
    samples.store(tmp_path / "store", seeds=1)
    return tmp_path / "store"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with a file that is none of ours."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    (folder / "precious").write_text("mine")
    return folder


def test_of_a_linked_checkpoint_only_the_link_goes(store: Path, outside: Path) -> None:
    """`prune-checkpoints` removes a trial's folder; a link in its place is removed, and what it points to stays."""
    link = Layout(store).checkpoints / "0123456789abcdef"
    link.parent.mkdir()
    link.symlink_to(outside)
    assert prune_checkpoints(store).removed == 1
    assert not link.is_symlink()
    assert (outside / "precious").read_text() == "mine"


def test_a_link_within_a_folder_is_not_followed(tmp_path: Path, outside: Path) -> None:
    """Removing a folder removes the links in it, not what they point to."""
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "link").symlink_to(outside)
    (folder / "file").write_text("ours")
    storage(folder).discard_folder(folder)
    assert not folder.exists()
    assert (outside / "precious").read_text() == "mine"


@pytest.mark.parametrize("name", ["checkpoints", "data", "commits", "sessions"])
def test_a_folder_that_is_a_link_is_refused(store: Path, outside: Path, name: str) -> None:
    """The message says what it points to; verify names it and goes on."""
    folder = store / name
    if folder.exists():
        folder.rename(store.parent / name)
        outside = store.parent / name
    folder.symlink_to(outside)
    for use in (status, reader.open_store, compact, prune_checkpoints):
        with pytest.raises(StoreError, match=f"symbolic link to {outside}"):
            use(store)
    assert any("symbolic link" in sentence for sentence in broken_invariants(store))


def test_a_store_may_itself_be_reached_by_a_link(store: Path, tmp_path: Path) -> None:
    """Where the store lies is its owner's business."""
    (tmp_path / "link").symlink_to(store)
    assert status(tmp_path / "link").committed == 3
    assert broken_invariants(tmp_path / "link") == []


def test_no_checkpoint_is_written_through_a_link(store: Path, outside: Path) -> None:
    """A trial whose folder is a link to elsewhere says so, and writes nothing there."""
    folder = Layout(store).checkpoint("0123456789abcdef")
    folder.parent.mkdir()
    folder.symlink_to(outside)
    with pytest.raises(StoreError, match="symbolic link"):
        checkpoints.save(folder / "state.safetensors", "0123456789abcdef", {"w": torch.zeros(2)}, {})
    assert [path.name for path in outside.iterdir()] == ["precious"]


def linked_rows(path: Path) -> None:
    """The rows lie elsewhere, whole."""
    elsewhere = path.parents[2] / "rows.parquet"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def piped_rows(path: Path) -> None:
    """A pipe, on which a reader would wait for ever."""
    path.unlink()
    os.mkfifo(path)


def folder_of_rows(path: Path) -> None:
    """A folder of that name."""
    path.unlink()
    path.mkdir()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("change", [linked_rows, piped_rows, folder_of_rows], ids=lambda change: change.__name__)
def test_rows_are_files_of_the_store_alone(store: Path, tmp_path: Path, change) -> None:
    """Verify names what lies there, nobody reads it, and merge copies nothing."""
    path = store / reader.commits(store)[0].files[0].path
    change(path)
    assert any(path.name in sentence for sentence in broken_invariants(store))
    for use in (digest, compact):
        with pytest.raises(StoreError, match=path.name):
            use(store)
    with pytest.raises(StoreError, match="not sound"):
        merge(tmp_path / "target", [store])
    assert not (tmp_path / "target").exists()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("folder", ["commits", "plans", "tasks", "failures"])
def test_a_pipe_among_the_records_keeps_nobody_waiting(store: Path, folder: str) -> None:
    """Readers say what it is; verify goes on and names it."""
    path = store / folder / f"{'f' * 16}.json"
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    assert any(path.name in sentence for sentence in broken_invariants(store))
    if folder != "failures":  # a failure's record is only told of
        readers = {"commits": reader.commits, "plans": reader.frozen_plans, "tasks": reader.task_cards}
        with pytest.raises(StoreError, match=path.name):
            readers[folder](store)
    assert reader.failed_ids(store) == ({path.stem} if folder == "failures" else set())


def test_a_record_of_three_gigabytes_is_not_read(store: Path) -> None:
    """Its size is looked at first."""
    path = Layout(store).commit("f" * 16)
    with path.open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(StoreError, match="3,221,225,472 bytes"):
        reader.commits(store)
    assert any("3,221,225,472 bytes" in sentence for sentence in broken_invariants(store))
