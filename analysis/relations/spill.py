"""Spill an answer that outgrows memory into a private folder of this process, gone at its end.

What a killed process has left goes when the next one needs such a folder.
"""

from __future__ import annotations

import atexit
import itertools
import os
from pathlib import Path

from runner.store.files.scratch import make_scratch, remove_scratch, sweep_scratch

PURPOSE = "spill"

_folders: dict[int, Path] = {}
"""Process -> its folder; what a fork inherits is its parent's."""
_numbers = itertools.count()


def own_folder() -> Path:
    """A new folder that nobody else can look into, below the one of this process; NoScratch if there is no place."""
    process = os.getpid()
    if process not in _folders:
        sweep_scratch([PURPOSE])
        _folders[process] = make_scratch(PURPOSE)
        atexit.register(remove_spilled)
    folder = _folders[process] / str(next(_numbers))
    folder.mkdir(mode=0o700)
    return folder


def remove_spilled() -> None:
    """Remove the folder of this process, as its end does that is not sudden."""
    folder = _folders.pop(os.getpid(), None)
    if folder is not None:
        remove_scratch(folder)
