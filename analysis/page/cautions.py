"""What a reader must know before believing a number: cells that lack seeds, trials that collapsed, mixed hardware."""

from __future__ import annotations

from analysis.hardware import warnings
from analysis.results import Results, cell


def cautions(results: Results) -> list[str]:
    """One sentence a concern; none of a complete study without collapsed trials on one vendor's devices."""
    return [*_incomplete(results), *_collapsed(results), *warnings(results)]


def _incomplete(results: Results) -> list[str]:
    cells, lacking = len(results.completeness), len(results.incomplete)
    if not lacking:
        return []
    rest = "numbers of these, and of cells compared with an incomplete dense cell, carry the sign †"
    return [f"{lacking} of {cells} cells rest on fewer seeds than planned; {rest}."]


def _collapsed(results: Results) -> list[str]:
    kinds = sorted({row["kind"] for row in results.collapsed})
    found = {kind: [row for row in results.collapsed if row["kind"] == kind] for kind in kinds}
    rows = [
        {"kind": kind, "trials": len({row["trial_id"] for row in own}), "cells": len({cell(row) for row in own})}
        for kind, own in found.items()
    ]
    told = {
        "constant": "every example the same answer",
        "empty": "every example no class at all",
        "all-classes": "every example all classes",
        "nan": "outputs that are no numbers (NaN)",
        "near-constant": "nearly every example the same answer",
        "near-empty": "nearly every example no class at all",
    }
    return [
        f"Collapsed: {row['trials']} trial{'' if row['trials'] == 1 else 's'} of {row['cells']} "
        f"cell{'' if row['cells'] == 1 else 's'} gave {told.get(row['kind'], row['kind'])}. They count in all numbers "
        "but those of tables that say otherwise."
        for row in rows
    ]
