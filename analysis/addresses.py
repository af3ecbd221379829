"""Addresses within a report's page: which filters of the explorer, or which example, an address opens."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from analysis.broken_examples import BrokenExample
from analysis.overview import Compared, Overview


def filtered(filters: Mapping[str, object]) -> str:
    """The address of the examples that these filters leave."""
    return "#" + "&".join(f"{name}={quote(str(value), safe='')}" for name, value in filters.items())


def cell_address(one: Overview, cell: Compared) -> str:
    """The address of the examples that a cell breaks."""
    place: dict[str, object] = {"task": one.task, "split": one.split, "model": one.model}
    return filtered(place | {"method": cell.method, "sparsity": cell.sparsity})


def example_address(one: BrokenExample) -> str:
    """The address of an example's life."""
    place = "/".join(quote(str(part), safe="") for part in (one.task, one.split, one.model, one.example_id))
    return f"#example={quote(place, safe='/')}"
