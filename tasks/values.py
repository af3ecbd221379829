"""The numbers of a user's own task that is a regression: read from its column, and refused where they are none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import TaskError
from tasks.cells import Cells, is_text

WRITTEN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
WANTED = "a regression predicts a finite number"


def numbers(cells: Cells) -> pa.Array:
    """The cells as float32, null where one is empty. TaskError names the row of a cell that is no finite number."""
    values = cells.values
    if is_text(values.type):
        texts = pc.utf8_trim_whitespace(values.cast(pa.string()))
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        is_number = pc.match_substring_regex(texts, WRITTEN_NUMBER)
        cells.refuse(pc.fill_null(pc.invert(is_number), False), f"holds {{value}}; {WANTED}")
        values = texts.cast(pa.float64())
    elif pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        values = values.cast(pa.float64())
    else:
        cells.refuse_kind(WANTED)
        return pa.nulls(len(values), pa.float32())
    small = pc.less(pc.abs(values), float(np.finfo(np.float32).max))
    cells.refuse(pc.fill_null(pc.invert(small), False), f"holds {{value}}; {WANTED} that 32 bits hold")
    return values.cast(pa.float32(), safe=False)


def require_spread(task: str, values: pa.Array | pa.ChunkedArray, which: str) -> None:
    """TaskError unless the values differ: of equal ones nothing can be learned or correlated."""
    found = pc.min_max(values).as_py()
    if found["min"] == found["max"]:
        raise TaskError(f"task '{task}': all {which} values are {found['min']}; a regression needs different ones")
