"""Which cells of recall distortion stand side by side: methods of a network, or networks and tasks of a method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from analysis.display_names import first_splits, method_key, method_name
from analysis.figures.drawing import Place
from analysis.figures.style import MethodStyle, looks
from analysis.results import Results, Row
from analysis.statistics.recall_distortions import CellKey, defined, place


@dataclass(frozen=True)
class Sheet:
    """One figure: what it is of, its heading, and its panels: title -> cells, in the order of the grid.

    trials: those with an alpha, by cell. place: task and model, or nothing where it compares several.
    """

    place: Place
    heading: str
    panels: dict[str, list[Row]]
    trials: dict[CellKey, list[Row]]
    controls: dict[CellKey, Row]

    @cached_property
    def sparsities(self) -> list[float]:
        """Those of all panels, ascending."""
        return sorted({row["sparsity"] for rows in self.panels.values() for row in rows})

    def trials_of(self, row: Row) -> list[Row]:
        """The trials of a cell that have an alpha."""
        return self.trials[place(row)]

    def control_of(self, rows: list[Row]) -> Row | None:
        """The cell of the reference that the cells of a panel are compared with."""
        named = next((row for row in rows if row["control"]), None)
        return self.controls.get((*place(named)[:3], named["control"], 0.0)) if named else None


def sheets(results: Results) -> Iterator[Sheet]:
    """A sheet of every task and model, its methods as panels; then of every method that several of them have."""
    split = first_splits((row["task"], row["split"]) for row in results.recall_distortions)
    rows = [row for row in results.recall_distortions if row["seeds"] and row["split"] == split[row["task"]]]
    trials: dict[CellKey, list[Row]] = {}
    for trial in defined(results.distortion_trials):
        trials.setdefault(place(trial), []).append(trial)
    controls = {place(row): row for row in rows if not row["sparsity"]}
    pruned = [row for row in rows if row["sparsity"]]
    networks: dict[tuple[str, str], dict[str, list[Row]]] = {}
    methods: dict[str, dict[str, list[Row]]] = {}
    for row in pruned:
        network = row["task"], row["model"]
        networks.setdefault(network, {}).setdefault(method_name(row["method"]), []).append(row)
        methods.setdefault(row["method"], {}).setdefault(" · ".join(network), []).append(row)
    for network, panels in networks.items():
        yield Sheet(network, " · ".join(network), panels, trials, controls)
    for method in sorted(methods, key=method_key):
        if len(methods[method]) > 1:
            yield Sheet((), method_name(method), methods[method], trials, controls)


def look(rows: list[Row]) -> MethodStyle:
    """How the method of a panel is drawn."""
    method = rows[0]["method"]
    return looks([method])[method]
