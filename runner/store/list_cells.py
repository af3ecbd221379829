"""Cells of users' tables that hold lists of names."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.cells import Cells, class_lists

SEPARATOR = "|"


def lists(cells: Cells) -> pa.Array:
    """Lists of names; in text a list as Python or JSON writes it, or with bars between."""
    return class_lists(cells, SEPARATOR, is_marked=False)


def filled_lists(cells: Cells) -> pa.Array:
    """Such lists, null where one is empty."""
    found = lists(cells)
    return pc.if_else(pc.equal(pc.list_value_length(found), 0), pa.scalar(None, found.type), found)
