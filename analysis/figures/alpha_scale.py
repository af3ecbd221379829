"""The axis of alpha: linear, or drawn together far from 1, where slopes of collapsed networks are of another order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

FARTHEST = 4.0
"""From 1: an axis on which all lies nearer is linear."""

LINEAR = 0.3
"""About so far from 1 the other kind is linear too, and logarithmic beyond."""

TICKS = (-10_000, -1_000, -100, -10, 0, 1, 2, 10, 100, 1_000, 10_000)


def draw_together(panels: Sequence[Axes], values: Iterable[float]) -> None:
    """Give these axes the scale that is logarithmic away from 1, if a linear one of these values would hide the rest.

    Their limits are found anew then.
    """
    if all(abs(value - 1) <= FARTHEST for value in values):
        return
    for axes in panels:
        axes.set_yscale("function", functions=(_position, _value))
        axes.autoscale_view()


def set_limits(panels: Sequence[Axes], low: float, high: float) -> None:
    """The same limits for all, and ticks in whole powers of ten where the scale is logarithmic."""
    for axes in panels:
        axes.set_ylim(low, high)
        if _is_logarithmic(axes):
            shown = [tick for tick in TICKS if low <= tick <= high]
            axes.set_yticks(shown, [f"{tick:,}" for tick in shown])


def label(axes: Axes) -> str:
    """What the axis is called."""
    return "alpha, logarithmic away from 1" if _is_logarithmic(axes) else "alpha"


def _is_logarithmic(axes: Axes) -> bool:
    return axes.get_yscale() == "function"


def _position(alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.arcsinh((np.asarray(alpha) - 1) / LINEAR)


def _value(position: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sinh(np.asarray(position)) * LINEAR + 1
