"""The axis of alpha: what lies about 1 can be told apart, whatever a collapsed cell has."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from analysis.figures.alpha_scale import draw_together, label, set_limits


@pytest.mark.parametrize(("slopes", "expected"), [([0.6, 1.2, 4.9], False), ([0.6, 446.0], True), ([-5.0], True)])
def test_only_slopes_far_from_1_bend_the_axis(slopes, expected):
    """An axis is linear as long as nothing on it hides the rest, and else says that it is not."""
    axes = Figure().subplots()
    draw_together([axes], slopes)
    assert (axes.get_yscale() != "linear") == expected
    assert label(axes) == ("alpha, logarithmic away from 1" if expected else "alpha")


def test_slopes_about_1_stay_apart_beside_one_of_hundreds():
    """.6 and 1.1 are a twentieth of the axis apart or more; ticks are powers of ten within the limits; order stays."""
    axes = Figure().subplots()
    axes.plot([0, 1, 2, 3], [0.6, 1.1, 2.0, 446.0])
    draw_together([axes], [0.6, 1.1, 2.0, 446.0])
    set_limits([axes], *axes.get_ylim())
    heights = [axes.transAxes.inverted().transform(axes.transData.transform((0, y)))[1] for y in (0.6, 1.1, 2, 446)]
    assert heights == sorted(heights)
    assert heights[1] - heights[0] > 0.05
    assert 0 < heights[0] < heights[-1] < 1
    assert [text.get_text() for text in axes.get_yticklabels()] == ["1", "2", "10", "100"]
