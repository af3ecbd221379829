"""Answers come from the bytes that were written: every flip, cut, link and pipe is told, and nothing else is read."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.relations.checked_files import CheckedFiles, inside
from analysis.relations.committed_files import damage_behind
from analysis.relations.database import connect
from analysis.relations.recorded_files import Recorded, same_rows
from runner.store.compaction.compact import compact
from runner.store.errors import StoreError
from runner.store.readability import FIELDS
from runner.store.reader import task_cards
from runner.store.rows import file_hash
from tests.analysis.stores import write_scores
from tests.runner.store import mixed

VIEWS = ("predictions", "examples", "el2n", "majority_vote", "pie_rate", "readability")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with every kind of file that answers are read from: trials alone and folded, votes, examples, scores."""
    root = tmp_path_factory.mktemp("checked") / "store"
    mixed.store(root, range(2), planned=range(3))
    compact(root)
    mixed.committed(root, mixed.specs(range(2, 3))[0])
    write_scores(root, [{"task": "toy", "split": "test", "example_id": number} for number in range(20)])
    return root


@pytest.fixture
def store(sound: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(sound, tmp_path / "store"))


def answers(root: Path) -> dict[str, list[Any]]:
    """The rows of all views, or the StoreError that DuckDB has met."""
    try:
        connection = connect(root)
        return {view: connection.execute(f"FROM {view} ORDER BY ALL").fetchall() for view in VIEWS}
    except duckdb.Error as error:
        raise damage_behind(error) or error from None


def answered_or_told(root: Path) -> dict[str, list[Any]] | str:
    """The rows of all views, or what is said of the damage."""
    try:
        return answers(root)
    except StoreError as error:
        return str(error)


def one(root: Path, pattern: str) -> Path:
    """The first file of that name."""
    return sorted(root.glob(pattern))[0]


def flipped(path: Path, bit: int) -> None:
    """One bit of a file is another."""
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.mark.parametrize("pattern", ["data/compacted-*", "data/[!c]*", "tasks/toy.parquet"])
def test_a_flipped_bit_is_told_and_never_answered_from(sound: Path, store: Path, pattern: str) -> None:
    """Wherever it is in a file of rows or examples: the file is named, and so is the mend."""
    path = one(store, pattern)
    whole, expected = path.read_bytes(), answers(sound)
    chance = random.Random(0)
    for bit in (0, 8 * len(whole) - 1, *(chance.randrange(8 * len(whole)) for _ in range(6))):
        flipped(path, bit)
        found = answered_or_told(store)
        if isinstance(found, str):
            assert str(path) in found
            assert f"run piesweep verify {store}" in found
            assert "piesweep verify --repair" in found
        else:
            assert pattern.startswith("tasks/"), "only examples are known by what is in them alone"
            assert found == expected
        path.write_bytes(whole)


def test_flips_that_change_no_example_change_no_answer(sound: Path, store: Path) -> None:
    """Statistics in the file of examples, by which a reader leaves rows out, are not read but made anew."""
    path = one(store, "tasks/toy.parquet")
    if getattr(task_cards(store)["toy"], "examples", None) is not None:
        pytest.skip("a card that names the file of its examples stands in for their fingerprint")
    table = pq.read_table(path)
    pq.write_table(table, path, row_group_size=4)
    whole = bytearray(path.read_bytes())
    footer = whole.rindex(b"test")  # the split, as the least or greatest of a row group
    whole[footer : footer + 4] = b"zzzz"
    path.write_bytes(whole)
    assert answers(store) == answers(sound)


def replaced(path: Path) -> None:
    """A whole Parquet file with other answers."""
    table = pq.read_table(path)
    label = pa.array([0] * table.num_rows, table.schema.field("label").type)
    pq.write_table(table.set_column(table.column_names.index("label"), "label", label), path)


def linked(path: Path) -> None:
    """The very bytes, behind a symbolic link."""
    path.rename(path.parent.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent.parent / "elsewhere")


def piped(path: Path) -> None:
    """A pipe into which nobody writes."""
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    """A folder of that name."""
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (lambda path: os.truncate(path, path.stat().st_size - 1), "bytes instead of"),
    "empty": (lambda path: os.truncate(path, 0), "it has 0 bytes instead of"),
    "replaced": (replaced, "damaged"),
    "missing": (Path.unlink, "it is missing"),
    "link": (linked, "it is no regular file"),
    "pipe": (piped, "it is no regular file"),
    "folder": (folder, "it is no regular file"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_other_damage_is_told_at_once(store: Path, damage: str) -> None:
    """Whatever lies under a committed file's name: it is called by its name; nothing waits for a pipe."""
    path = one(store, "data/[!c]*")
    make, told = DAMAGES[damage]
    make(path)
    with pytest.raises(StoreError, match=told) as error:
        answers(store)
    assert str(path) in str(error.value)


def test_a_folder_that_leads_outside_is_not_read(store: Path, tmp_path: Path) -> None:
    """The folder of data files behind a link: what lies outside is not the store's."""
    (store / "data").rename(tmp_path / "elsewhere")
    (store / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="link"):
        answers(store)


def test_a_store_behind_a_link_is_read(sound: Path, tmp_path: Path) -> None:
    """The store itself may be linked to."""
    (tmp_path / "link").symlink_to(sound)
    assert answers(tmp_path / "link") == answers(sound)


@pytest.mark.parametrize("relative", ["../outside", "/etc/passwd", "data/../../outside"])
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, relative: str) -> None:
    """A record cannot make a reader look elsewhere."""
    with pytest.raises(StoreError, match="lies outside it"):
        inside(tmp_path, relative)
    with pytest.raises(StoreError, match="lies outside it"):
        CheckedFiles(tmp_path, {relative: Recorded(0, "")})


@pytest.mark.parametrize("damage", [*DAMAGES, "flipped"])
def test_damaged_votes_are_counted_again(sound: Path, store: Path, damage: str) -> None:
    """They may be lost: every answer is the same without them."""
    path = one(store, "votes/*")
    if damage == "flipped":
        flipped(path, 8 * (path.stat().st_size // 2))
    elif damage == "replaced":
        pq.write_table(pq.read_table(path).slice(0, 3), path)
    else:
        DAMAGES[damage][0](path)
    assert answers(store) == answers(sound)


def test_votes_are_not_counted_from_damaged_rows(store: Path) -> None:
    """Where the file of votes is lost and a row's file damaged, there is no answer."""
    one(store, "votes/*").unlink()
    path = one(store, "data/compacted-*")
    flipped(path, 8 * (path.stat().st_size // 2))
    with pytest.raises(duckdb.Error) as error:
        connect(store).execute("FROM pie_rate").fetchall()
    assert str(path) in str(damage_behind(error.value))


def test_a_file_is_hashed_once_and_again_when_it_is_another(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries after the first pay nothing; a file that changes under a connection is looked at again."""
    path = one(store, "data/[!c]*")
    relative = path.relative_to(store).as_posix()
    files = CheckedFiles(store, {relative: Recorded(path.stat().st_size, file_hash(path))})
    hashed: list[Any] = []
    real = __import__("hashlib").file_digest
    monkeypatch.setattr("hashlib.file_digest", lambda *given: hashed.append(given) or real(*given))
    for _ in range(3):
        files.open(relative).close()
    assert len(hashed) == 1
    flipped(path, 99)
    with pytest.raises(StoreError, match="not those that were written"):
        files.open(relative)


def test_a_file_that_is_made_again_otherwise_is_told_once_to_who_has_read_of_it(tmp_path: Path) -> None:
    """Half of an answer would be read from one file, half from the other; the next question reads the other alone."""
    names = ("first", "second", "unread")
    for name in names:
        (tmp_path / name).write_bytes(b"as an earlier version wrote it")
    recorded = {name: Recorded(30, file_hash(tmp_path / name)) for name in names}
    files = CheckedFiles(tmp_path, recorded, restore=lambda path: b"as this one does")
    for name in names[:2]:
        files.open(name).close()
    for name in names:
        (tmp_path / name).unlink()
    assert read(files, "unread") == b"as this one does"
    with pytest.raises(StoreError, match=r"took .*first away while it was read.*; ask again$"):
        files.open("first")
    assert [read(files, name) for name in names] == [b"as this one does"] * 3


def read(files: CheckedFiles, path: str) -> bytes:
    """A file's bytes, and the file given back."""
    with files.open(path) as opened:
        return opened.read()


def test_scores_with_a_hash_beside_them_are_held_against_it(tmp_path: Path) -> None:
    """A score that was changed is refused; a file of an earlier version, without a hash, is taken as it is."""
    from tasks.content import content_hash

    table = pa.table({name: pa.array([1]).cast(pa.string()).cast(kind) for name, kind in FIELDS.items()})
    for said, fine in ((None, True), (content_hash(table), True), ("0" * 64, False)):
        metadata = {} if said is None else {b"piesweep.content": said}
        pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "scores")
        if fine:
            assert pq.read_table(pa.BufferReader(same_rows((tmp_path / "scores").read_bytes()))).equals(table)
        else:
            with pytest.raises(ValueError, match="the hash beside them"):
                same_rows((tmp_path / "scores").read_bytes())


@pytest.mark.parametrize("damage", ["none", "flipped"])
def test_objects_are_fetched_whole_and_checked(sound: Path, tmp_path: Path, damage: str) -> None:
    """In object storage too, what is read is what was checked."""
    remote = pytest.importorskip("upath").UPath(f"memory://{tmp_path.name}/checked")
    for path in (path for path in sound.rglob("*") if path.is_file()):
        (remote / path.relative_to(sound).as_posix()).parent.mkdir(parents=True, exist_ok=True)
        (remote / path.relative_to(sound).as_posix()).write_bytes(path.read_bytes())
    if damage == "none":
        assert answers(remote) == answers(sound)
        return
    damaged = remote / one(sound, "data/compacted-*").relative_to(sound).as_posix()
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with pytest.raises(StoreError, match="not those that were written"):
        answers(remote)
