"""What a place must be able to do so that a store can lie there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Protocol

ASIDE = re.compile(r"\..+\.([0-9a-f]{12}|clock|probe)")
"""Names of files that are not finished, or only ask something of the file system."""
LOG = ".events.jsonl"
"""How names of logs end."""
MOST_BYTES = 256 << 20
"""Of a file that is read whole and says nothing of its size: plans of ten thousand trials take two million."""
LOOK_SECONDS = 5.0


class Backend(Protocol):
    """Writes files so that a reader sees all of one or none of it, whatever dies when, and reads a store's own alone.

    Whatever a store does to files, it does by these methods. Folders come into being with the first file in them. What
    a process leaves behind that dies inside a method is a file whose name ASIDE matches, which no reader looks at and
    `runner.store.leftovers` removes.
    """

    appends: bool
    """Whether a line at the end of a log costs one call; where not, lines are best put many at a time."""

    def create(self, path: Path, content: bytes) -> bool:
        """Create a file with this content in one step; False, and nothing changed, if the path exists already."""
        ...

    def replace(self, path: Path, content: bytes) -> None:
        """Put this content at the path in one step, over whatever was there."""
        ...

    def append(self, log: Path, content: bytes, *, is_new: bool = True) -> None:
        """Add lines to a log that only this process writes; what was added last may be lost when the power goes.

        is_new: False for a log that was begun, whose folder is not made anew: the store may have been moved meanwhile.
        """
        ...

    def take_over(self, path: Path, seen: bytes, content: bytes) -> bool:
        """Put this content at the path if it still has the content `seen`; of several that try, one succeeds."""
        ...

    def renew(self, path: Path, seen: bytes, content: bytes) -> None:
        """Put new content at a path that only this process changes; nothing happens if it was taken over."""
        ...

    def new_file(self, path: Path) -> AbstractContextManager[BinaryIO]:
        """A file that did not exist, open for writing; whole and forced to disk when the block ends.

        Readers may see it before, so its name must be one that nobody looks for yet. It is removed if the block fails.
        """
        ...

    def written(self, path: Path) -> AbstractContextManager[Path]:
        """The name of a file of this machine, to be written in the block; then it takes the path's place at once."""
        ...

    def move(self, path: Path, name: Path) -> None:
        """Move a file, or a link itself, to another name, over whatever had it; FileNotFoundError if there is none."""
        ...

    def discard(self, path: Path) -> None:
        """Remove a file; nothing happens if there is none."""
        ...

    def discard_folder(self, folder: Path) -> None:
        """Remove a folder with everything in it, as far as that is possible; nothing happens if there is none.

        Of a symbolic link only the link goes, whether it is the folder itself or lies in it: what it points to stays.
        """
        ...

    def read(self, path: Path, most: int = MOST_BYTES) -> bytes:
        """A file's bytes; FileNotFoundError if there is none, StoreError for one that no store holds.

        That is a symbolic link, a pipe, a folder, or a file of more than `most` bytes.
        """
        ...

    def contents(self, paths: list[Path], *, skip_irregular: bool = False) -> Iterator[tuple[Path, bytes]]:
        """Small files with their bytes, in order; those that vanish meanwhile are left out.

        skip_irregular: leave out what is no file of its own, instead of raising StoreError.
        """
        ...

    def opened(self, path: Path, copy: Callable[[], Path]) -> BufferedReader:
        """A file open for reading, through one handle from the first byte to the last.

        copy: where on this machine its bytes may be kept, if they are not there. StoreError and FileNotFoundError as by
        `read`.
        """
        ...

    def on_disk(self, path: Path) -> AbstractContextManager[Path]:
        """A file of this machine with the path's bytes, while the block lasts; FileNotFoundError if there is none."""
        ...

    def parquet_source(self, path: Path) -> Path | BinaryIO:
        """What pyarrow reads a Parquet file from, piece by piece; StoreError and FileNotFoundError as by `read`."""
        ...

    def stamp(self, path: Path) -> tuple[int, int, int] | None:
        """What is another one once the file is; None where asking is no cheaper than reading it."""
        ...

    def require_regular(self, path: Path) -> None:
        """StoreError for what is there and no file of its own, where a place can hold such things."""
        ...

    def is_regular(self, path: Path) -> bool:
        """True for a file that is there and no link."""
        ...

    def require_own(self, folder: Path) -> None:
        """StoreError for a folder that is a symbolic link: what is written or removed must stay inside the store."""
        ...

    def irregular(self, folder: Path, depth: int = 0) -> Iterator[tuple[Path, str]]:
        """What lies in a folder and is no file of its own, `depth` folders below it, with the word for what it is."""
        ...

    def contains(self, root: Path, path: Path) -> bool:
        """True if the path leads below the root, whatever links are on the way."""
        ...

    def watched(self, path: Path, seconds: float = LOOK_SECONDS) -> Callable[[], bool]:
        """A function that says whether a file exists; where that costs a request, one in so many seconds at most."""
        ...

    def require_exclusive_creation(self, root: Path) -> None:
        """StoreError where a file that exists can be created again, so that commits would not be safe."""
        ...

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        """Which environment variables a process on another machine needs to reach the store."""
        ...

    def folder(self, path: Path) -> Path | None:
        """The folder of this machine that the path is or will be in; None where no folder of any machine holds it."""
        ...


def json_files(folder: Path) -> list[Path]:
    """JSON files of a folder by name; names that begin with a dot are still being written."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
