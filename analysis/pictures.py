"""The pictures of examples: read from a store, made smaller, encoded as PNG."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from analysis.relations.database import Database
from runner.store.errors import StoreError
from tasks.images import square_of

MODES = {1: "L", 3: "RGB"}
"""Channels of a picture -> what Pillow calls it."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """content: the bytes of an image row by row, the channels of a pixel side by side: one for grey, three in colour.

    whole: its size before it was made smaller, as people write it; else nothing.
    """

    height: int
    width: int
    channels: int
    content: bytes
    whole: str = ""

    @property
    def size(self) -> str:
        """Width and height, as people write them: of the whole picture."""
        return self.whole or size_of(self.height, self.width)

    @property
    def png(self) -> bytes:
        """The picture as a file."""
        file = io.BytesIO()
        self._image.save(file, "PNG", optimize=True)
        return file.getvalue()

    @property
    def address(self) -> str:
        """The picture as an address that holds it."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"

    @property
    def colours(self) -> list[str]:
        """The colour of every pixel, row by row, as #rrggbb."""
        whole = self._image.convert("RGB").tobytes().hex()
        return [f"#{whole[at : at + 6]}" for at in range(0, len(whole), 6)]

    def within(self, side: int) -> Picture:
        """The picture, made so small that no side is longer; itself where none is."""
        height, width = fitted(self.height, self.width, side)
        if (height, width) == (self.height, self.width):
            return self
        smaller = self._image.resize((width, height), Image.Resampling.LANCZOS).tobytes()
        return Picture(height=height, width=width, channels=self.channels, content=smaller, whole=self.size)

    def enlarged(self, side: int) -> tuple[int, int]:
        """Height and width at which it is shown where there is room for `side`: every pixel a square of its own."""
        times = max(1, side // max(self.height, self.width))
        return self.height * times, self.width * times

    @property
    def _image(self) -> Image.Image:
        return Image.frombytes(MODES[self.channels], (self.width, self.height), self.content)


def size_of(height: int, width: int) -> str:
    """Width and height, as people write them."""
    return f"{width} x {height} pixels"


def fitted(height: int, width: int, side: int) -> tuple[int, int]:
    """Height and width of a picture none of whose sides is longer than `side`."""
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def shape_of(connection: Database, task: str) -> tuple[int, int, int] | None:
    """Height, width and channels of a task's pictures; None where there are none, or of numbers that make no square."""
    for row in _rows(connection, task, "(pixels IS NOT NULL OR numbers IS NOT NULL) LIMIT 1", {}):
        if row["numbers"] is None:
            return row["height"], row["width"], row["channels"]
        square = square_of(len(row["numbers"]))
        return None if square is None else (square.height, square.width, square.channels)
    return None


def pictures(connection: Database, task: str, split: str, ids: Sequence[int]) -> dict[int, Picture]:
    """The pictures of these examples of a task and split, by id; none where its examples are no pictures.

    Numbers from 0 to 1 become grey bytes. StoreError where one has more or fewer values than the task's pictures have.
    """
    shape = shape_of(connection, task) if ids else None
    if shape is None:
        return {}
    height, width, channels = shape
    wanted = "split = $split AND example_id IN (SELECT unnest($ids::INTEGER[]))"
    found = {}
    for row in _rows(connection, task, wanted, {"split": split, "ids": list(ids)}):
        content = _content(row)
        if len(content) != height * width * channels:
            raise StoreError(
                f"{split} example {row['example_id']} of task '{task}' has {len(content):,} values instead of those of "
                f"{size_of(height, width)}; its store is damaged: run piesweep verify"
            )
        found[row["example_id"]] = Picture(height=height, width=width, channels=channels, content=content)
    return found


def _rows(connection: Database, task: str, where: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the pictures of a task; its number, as a constant, keeps the files of other tasks unread."""
    numbers = connection.execute("SELECT task_no FROM internal.task WHERE task = ?", [task]).fetchall()
    query = f"FROM internal.picture WHERE task_no = {numbers[0][0] if numbers else -1} AND {where}"
    return connection.sql(query, params=values).to_arrow_table().to_pylist()  # type: ignore[no-any-return]


def _content(row: dict[str, Any]) -> bytes:
    if row["numbers"] is None:
        return bytes(row["pixels"] or b"")
    numbers = np.nan_to_num(np.array(row["numbers"], np.float64))
    return np.rint(np.clip(numbers, 0, 1) * 255).astype(np.uint8).tobytes()
