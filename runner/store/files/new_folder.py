"""Write a folder for others: beside a store, never in it, and whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.store.files.storage import storage


def refuse_place(store: Path, out: Path, refusal: Callable[[str], Exception]) -> None:
    """Raise a refusal for a place inside the store, or one that holds something."""
    if out != store and storage(store).contains(store, out):
        raise refusal(f"{out} is inside the store {store}; choose a folder outside it")
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise refusal(f"{out} is not empty; give --out a folder that does not exist yet")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder aside that takes the place of `out` once the block ends; if that fails, nothing of it stays."""
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.parent / f".{out.name}.{uuid.uuid4().hex[:12]}"
    try:
        aside.mkdir()
        yield aside
        if out.exists():
            out.rmdir()
        aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
