"""The contract of a store's storage, kept by each backend: a disk, and object storage behind a real server."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.store.errors import StoreError
from runner.store.files.contract import LOG, Backend
from runner.store.files.place import place
from runner.store.files.storage import storage
from tests.runner.store.object_server import BUCKET, object_server
from tests.runner.store.races import raced

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """The server of all tests here."""
    with object_server():
        yield


@pytest.fixture(params=["disk", "objects"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where a store may lie, of each kind."""
    return tmp_path / "store" if request.param == "disk" else place(f"s3://{BUCKET}/{uuid.uuid4().hex[:8]}/store")


@pytest.fixture
def files(root: Path) -> Backend:
    """What holds the place."""
    return storage(root)


def names(folder: Path) -> list[str]:
    """What lies in a folder, unfinished files too."""
    return sorted(path.name for path in folder.iterdir())


class TestBackend:
    """What a store relies on, whatever it lies on."""

    def test_creation_is_exclusive(self, files: Backend, root: Path) -> None:
        """A second creation changes nothing and says so; of six at the same moment one wins, and its content stays."""
        files.require_exclusive_creation(root)
        assert files.create(root / "commits" / "x", b"first")
        assert not files.create(root / "commits" / "x", b"second")
        assert files.read(root / "commits" / "x") == b"first"
        won = raced([lambda n=n: files.create(root / "commits" / "y", b"%d" % n) for n in range(6)])
        assert sorted(won) == [False] * 5 + [True]
        assert names(root / "commits") == ["x", "y"]

    def test_replacement_is_whole(self, files: Backend, root: Path) -> None:
        """What is replaced is gone, and nothing else is left."""
        files.replace(root / "a" / "x", b"a long first text")
        files.replace(root / "a" / "x", b"second")
        assert files.read(root / "a" / "x") == b"second"
        assert names(root / "a") == ["x"]

    def test_one_of_many_takes_over(self, files: Backend, root: Path) -> None:
        """Of six that saw the same content one replaces it; who saw something else, or nothing, changes nothing."""
        lease = root / "sessions" / "lease.json"
        files.create(lease, b"dead")
        found = raced([lambda n=n: files.take_over(lease, b"dead", b"%d" % n) for n in range(6)])
        assert sorted(found) == [False] * 5 + [True]
        left = files.read(lease)
        assert left != b"dead"
        assert not files.take_over(lease, b"dead", b"late")
        assert not files.take_over(root / "nothing", b"dead", b"late")
        assert files.read(lease) == left
        assert names(lease.parent) == ["lease.json"]

    def test_only_what_was_seen_is_renewed(self, files: Backend, root: Path) -> None:
        """A holder renews its lease, and leaves another one's alone."""
        files.create(root / "lease", b"mine")
        files.renew(root / "lease", b"mine", b"mine again")
        assert files.read(root / "lease") == b"mine again"
        files.renew(root / "lease", b"mine", b"late")
        assert files.read(root / "lease") == b"mine again"

    def test_logs_keep_every_line(self, files: Backend, root: Path) -> None:
        """What is added twice to a log is all there, in order, under names that end as logs do."""
        log = root / "sessions" / f"driver.host-7{LOG}"
        files.append(log, b"first\n")
        files.append(log, b"second\n", is_new=False)
        there = sorted(log.parent.glob(f"*{LOG}"))
        assert b"".join(content for _, content in files.contents(there)) == b"first\nsecond\n"
        assert all(path.name.startswith("driver.host-7.") for path in there)

    def test_what_fails_while_it_is_written_is_not_there(self, files: Backend, root: Path) -> None:
        """A file whose writing ends in an error never appears, neither streamed nor written by name."""

        def stream() -> None:
            with files.new_file(root / "data" / "x") as file:
                file.write(b"half")
                raise RuntimeError("out of patience")

        def save() -> None:
            with files.written(root / "data" / "x") as local:
                local.write_bytes(b"half")
                raise RuntimeError("out of patience")

        files.create(root / "data" / "other", b"")
        for attempt in (stream, save):
            with pytest.raises(RuntimeError, match="out of patience"):
                attempt()
        assert names(root / "data") == ["other"]

    def test_large_files_arrive_whole(self, files: Backend, root: Path, tmp_path: Path) -> None:
        """A file of several parts has the bytes that were written, read in each way there is."""
        block, path = hashlib.sha256(b"x").digest() * 2**15, root / "data" / "large"
        with files.new_file(path) as file:
            for _ in range(20):
                file.write(block)
        assert path.stat().st_size == 20 * len(block)
        assert files.read(path) == block * 20
        with files.on_disk(path) as local:
            assert local.read_bytes() == block * 20
        with files.opened(path, lambda: tmp_path / "copy") as file:
            assert file.read() == block * 20

    def test_a_file_written_by_name_takes_the_old_one_s_place(self, files: Backend, root: Path) -> None:
        """The old content stands until the block ends."""
        path = root / "checkpoints" / "t" / "state"
        files.create(path, b"old")
        with files.written(path) as local:
            local.write_bytes(b"new")
            assert files.read(path) == b"old"
        assert files.read(path) == b"new"
        assert names(path.parent) == ["state"]

    def test_files_move_and_go(self, files: Backend, root: Path) -> None:
        """Within a folder, into a new one, away; what is not there is refused when moved, and gone when discarded."""
        files.create(root / "a" / "x", b"x")
        files.move(root / "a" / "x", root / "a" / "y")
        files.move(root / "a" / "y", root / "damaged" / "b" / "z")
        assert files.read(root / "damaged" / "b" / "z") == b"x"
        with pytest.raises(FileNotFoundError):
            files.move(root / "a" / "x", root / "a" / "y")
        files.discard(root / "damaged" / "b" / "z")
        files.discard(root / "damaged" / "b" / "z")
        assert not files.is_regular(root / "damaged" / "b" / "z")

    def test_a_folder_goes_with_all_in_it(self, files: Backend, root: Path) -> None:
        """Its neighbours stay, those whose names begin alike too; a folder that is not there is gone already."""
        for name in ("t1/state", "t1/below/other", "t10/state"):
            files.create(root / "checkpoints" / name, b"x")
        for _ in range(2):
            files.discard_folder(root / "checkpoints" / "t1")
        assert names(root / "checkpoints") == ["t10"]

    def test_what_is_not_there_is_said_to_be(self, files: Backend, root: Path, tmp_path: Path) -> None:
        """FileNotFoundError from all that opens a file; lists leave out what is missing."""
        files.create(root / "x", b"x")
        missing = root / "missing"
        with pytest.raises(FileNotFoundError):
            files.read(missing)
        with pytest.raises(FileNotFoundError), files.on_disk(missing):
            pass
        with pytest.raises(FileNotFoundError):
            files.opened(missing, lambda: tmp_path / "copy")
        with pytest.raises(FileNotFoundError):
            files.parquet_source(missing)
        assert list(files.contents([missing, root / "x"])) == [(root / "x", b"x")]
        assert list(files.contents([])) == []
        assert not files.is_regular(missing)
        assert files.is_regular(root / "x")

    def test_what_is_too_large_is_refused(self, files: Backend, root: Path) -> None:
        """A file has at most the bytes that its reader expects."""
        files.create(root / "x", b"12345")
        assert files.read(root / "x", 5) == b"12345"
        with pytest.raises(StoreError, match="5 bytes, more than the 4"):
            files.read(root / "x", 4)

    def test_a_watched_file_is_seen_when_it_comes(self, files: Backend, root: Path) -> None:
        """It is not there, then it is."""
        is_there = files.watched(root / "stop", seconds=0.0)
        assert not is_there()
        files.create(root / "stop", b"")
        assert is_there()

    def test_what_lies_below_a_place(self, files: Backend, root: Path, tmp_path: Path) -> None:
        """A store contains what leads below it, and nothing beside it, alike as the name may be."""
        assert files.contains(root, root / "data")
        assert not files.contains(root, root.parent / f"{root.name}-2" / "data")
        assert not files.contains(root, tmp_path / "elsewhere")

    def test_a_stamp_changes_with_the_file(self, files: Backend, root: Path) -> None:
        """Where there is one: it is the same while the file is, and another once it was replaced."""
        files.create(root / "x", b"x")
        first = files.stamp(root / "x")
        assert files.stamp(root / "x") == first
        files.replace(root / "x", b"xy")
        assert first is None or files.stamp(root / "x") != first

    def test_a_sound_folder_has_nothing_irregular(self, files: Backend, root: Path) -> None:
        """Files, and files in folders where these are expected."""
        files.create(root / "data" / "x", b"x")
        files.create(root / "checkpoints" / "t" / "state", b"x")
        files.require_own(root / "data")
        files.require_regular(root / "data" / "x")
        assert [*files.irregular(root / "data"), *files.irregular(root / "checkpoints", depth=1)] == []
