"""Revisable: a removed weight is set to zero and trained on, so that it may grow back before the next decision."""

from __future__ import annotations

from runner.pruning.removals.base import Removal


class Revisable(Removal):
    """w <- 0 at each decision that removes it; gradients, moments and decay go on, and every decision is from scratch.

    Between two decisions the network computes with whatever has grown back. In the end what the last decision removed
    is zero.
    """

    reference = "Zhang et al. 2022 (PLATON), algorithm 1, arXiv:2206.12562"
    grows_back = True
