"""Which cells of recall distortion stand side by side: methods of a network, or networks and tasks of a method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from analysis.display_names import first_splits, method_key, method_name, percent
from analysis.figures.drawing import Place
from analysis.figures.style import MethodStyle, looks
from analysis.results import Results, Row, cell
from analysis.statistics.cell_keys import CellKey, place
from analysis.statistics.recall_distortions import defined

OF_WEIGHTS = "SELECT DISTINCT task, model, method, sparsity FROM trials WHERE sparsity > 0 AND base = 'prunable'"


@dataclass(frozen=True)
class Sheet:
    """One figure: what it is of, its heading, and its panels: title -> cells, in the order of the grid.

    trials: those with an alpha, by cell. place: task and model, or nothing where it compares several. has_ratios:
    whether all its sparsities are fractions of all parameters, which studies ask for as ratios.
    """

    place: Place
    heading: str
    panels: dict[str, list[Row]]
    trials: dict[CellKey, list[Row]]
    controls: dict[CellKey, Row]
    has_ratios: bool

    @property
    def has_star(self) -> bool:
        """True if any cell has an alpha*, which takes five seeds."""
        return any(row["cross_alpha"] is not None for rows in self.panels.values() for row in rows)

    @property
    def axis(self) -> str:
        """What is said along an axis of sparsities."""
        return "all parameters / parameters left" if self.has_ratios else "weights removed"

    def amount(self, sparsity: float) -> str:
        """A sparsity as the study asked for it: a ratio, or a percentage."""
        return f"{1 / (1 - sparsity):.4g}" if self.has_ratios else percent(sparsity)

    def name(self, row: Row) -> str:
        """A cell in words."""
        at = f"ratio {self.amount(row['sparsity'])}" if self.has_ratios else self.amount(row["sparsity"])
        return f"{method_name(row['method'])} at {at}"

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
    of_weights = {cell(row) for row in results.rows(OF_WEIGHTS)}
    networks: dict[tuple[str, str], dict[str, list[Row]]] = {}
    methods: dict[str, dict[str, list[Row]]] = {}
    for row in pruned:
        network = row["task"], row["model"]
        networks.setdefault(network, {}).setdefault(method_name(row["method"]), []).append(row)
        methods.setdefault(row["method"], {}).setdefault(" · ".join(network), []).append(row)
    for network, panels in networks.items():
        yield Sheet(network, " · ".join(network), panels, trials, controls, _has_ratios(panels, of_weights))
    for method in sorted(methods, key=method_key):
        if len(methods[method]) > 1:
            panels = methods[method]
            yield Sheet((), method_name(method), panels, trials, controls, _has_ratios(panels, of_weights))


def _has_ratios(panels: dict[str, list[Row]], of_weights: set[tuple[str, str, str, float]]) -> bool:
    """True where no cell's sparsity is of the prunable weights."""
    return not any(cell(row) in of_weights for rows in panels.values() for row in rows)


def look(rows: list[Row]) -> MethodStyle:
    """How the method of a panel is drawn."""
    method = rows[0]["method"]
    return looks([method])[method]
