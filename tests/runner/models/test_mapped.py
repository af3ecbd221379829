"""The cache that processes share, and ragged rows."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.models.mapped import Ragged, filled, fingerprint, mapped, save


def test_folder_is_filled_once(tmp_path: Path) -> None:
    """The second call finds the folder and fills nothing; no work folder is left."""
    calls: list[Path] = []

    def fill(folder: Path) -> None:
        calls.append(folder)
        save(folder, numbers=np.arange(3))

    for _ in range(2):
        assert mapped(filled(tmp_path / "a" / "b", fill), "numbers").tolist() == [0, 1, 2]
    assert len(calls) == 1
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_two_fill_at_once(tmp_path: Path) -> None:
    """Of two that start together one fills, the other waits for it, and one folder remains."""
    calls: list[Path] = []

    def fill(folder: Path) -> None:
        calls.append(folder)
        save(folder, numbers=np.arange(3))
        time.sleep(0.05)

    threads = [threading.Thread(target=filled, args=(tmp_path / "b", fill)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mapped(tmp_path / "b", "numbers").tolist() == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert len(calls) == 1


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    """A filling that breaks off leaves no folder that a later call would take for whole."""

    def fill(folder: Path) -> None:
        save(folder, numbers=np.arange(3))
        raise RuntimeError("broken off")

    with pytest.raises(RuntimeError):
        filled(tmp_path / "b", fill)
    assert list(tmp_path.iterdir()) == []


def test_fingerprint_follows_texts_and_choices() -> None:
    """Other texts, another order or another choice give another key; chunks and other columns do not."""
    table = pa.table({"text": ["a", "b"], "label": [0, 1]})
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert fingerprint(table, 1) == fingerprint(chunked, 1) == fingerprint(table.select(["text"]), 1)
    others = [(table.take([1, 0]), 1), (pa.table({"text": ["ab", ""]}), 1), (table, 2)]
    assert len({fingerprint(table, 1), *(fingerprint(*other) for other in others)}) == 4


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=6), st.integers(1, 7))
def test_padding_keeps_each_row(rows: list[list[int]], width: int) -> None:
    """A padded row is the row's start, then the fill."""
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    ragged = Ragged(np.array([value for row in rows for value in row], dtype=np.uint16), offsets)
    padded = ragged.padded(np.arange(len(rows)), width, fill=99)
    assert padded.tolist() == [(row + [99] * width)[:width] for row in rows]
