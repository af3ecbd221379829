"""From ratios of all parameters to fractions of those that may go."""

from __future__ import annotations

import pytest

from runner.pruning.compression import CompressionError, Sizes
from runner.pruning.targets import TARGETS, sizes_of
from tests.runner.small_network import SmallNetwork

SIZES = Sizes(parameters=269_722, prunable=267_696, biases=0)
"""ResNet-20's, by He et al. 2016."""


def test_the_fraction_leaves_one_of_c_parameters():
    """f n + (P - n) = P - P / c: at 50 what is kept is 1.26 % of the prunable weights of a ResNet-20."""
    for ratio in (2, 4, 10, 20, 50):
        removed = SIZES.fraction(1 - 1 / ratio, "all") * SIZES.prunable
        assert SIZES.parameters / (SIZES.parameters - removed) == pytest.approx(ratio)
    assert 1 - SIZES.fraction(0.98, "all") == pytest.approx(0.0126, abs=5e-5)
    assert SIZES.fraction(0.98, "prunable") == 0.98


def test_counting_biases_as_prunable_falls_short():
    """What biases should have given stays: the asked ratio is not reached."""
    small = sizes_of(SmallNetwork(3), TARGETS["weights"])
    assert (small.prunable, small.biases) == (6 * 16 + 16 * 11, 16 + 11)
    asked = 0.5
    for base, reaches in (("all", True), ("with-biases", False)):
        left = small.parameters - small.fraction(asked, base) * small.prunable
        assert (small.parameters / left >= 2 - 1e-9) == reaches


def test_a_ratio_out_of_reach_is_refused_with_the_largest_that_is_not():
    """The largest is all over what never goes, here 2,026 parameters."""
    with pytest.raises(
        CompressionError, match=r"compression of 200: .* 267,696 may go; allowed: compressions below 133"
    ):
        SIZES.fraction(1 - 1 / 200, "all")
    assert SIZES.fraction(1 - 1 / 133, "all") < 1
