"""Say in sentences which claims about recall distortion hold in one task and model, and where classes lie apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.display_names import cell_name
from analysis.results import Row

ALPHA = 0.05


def gaps(rows: Sequence[Row]) -> Iterator[str]:
    """The cell in which the best and the worst class lie furthest apart, beside the dense models."""
    if not rows:
        return
    most = max(rows, key=lambda row: row["gap"])
    yield (
        f"Best and worst class lie furthest apart under {cell_name(most['method'], most['sparsity'])}: recall of "
        f"“{most['worst_class']}” is {most['worst_recall']:.3f}, {most['gap'] * 100:.1f} points below that of "
        f"“{most['best_class']}”; of the dense models the worst class, “{most['dense_worst_class']}”, has "
        f"{most['dense_worst_recall']:.3f}, {most['dense_gap'] * 100:.1f} points below the best."
    )


def claims(rows: Sequence[Row]) -> Iterator[str]:
    """What Good et al. 2022 claim, as far as alpha shows it here, and what alpha* and the control leave of it.

    A claim survives in a cell if the interval of alpha* lies on the same side of 1 and alpha on the same side of that
    of the control, after correction. Cells with collapsed trials are left out: their slope says which class is left.
    """
    pruned = [row for row in rows if row["sparsity"] and row["label"] and not row["collapsed"]]
    if not pruned:
        return
    told = [
        _claim(name, [row for row in pruned if row["label"] == sign], sign)
        for name, sign in (("de-intensification", "<"), ("intensification", ">"))
    ]
    yield (
        f"Recall distortion (alpha, Good et al. 2022) in {len(pruned)} cell{'' if len(pruned) == 1 else 's'}: "
        f"{'; '.join(told)}.{_limits(pruned)}"
    )
    known = [row for row in pruned if row["label"] == ">" and row["alpha_by_odds"] is not None]
    if known:
        least, most = (choose(row["alpha_by_odds"] for row in known) for choose in (min, max))
        yield (
            "Where the errors of all classes grow alike, alpha is the odds ratio of an error: in the cells above 1 it "
            f"is {least:.2f} to {most:.2f} times that, so that {_beyond(most)}."
        )


def survives(row: Row, sign: str) -> bool:
    """True if alpha* and the control say of a cell what alpha does."""
    if row["control_difference"] is None or row["corrected_p"] is None or row["corrected_p"] > ALPHA:
        return False
    return row["cross_label"] == sign and (row["control_difference"] > 0) is (sign == ">")


def _claim(name: str, found: Sequence[Row], sign: str) -> str:
    side = "below" if sign == "<" else "above"
    if not found:
        return f"{name} (alpha {side} 1) is not shown in any"
    by_star = sum(row["cross_label"] == sign for row in found)
    left = [row for row in found if survives(row, sign)]
    if left:
        verdict = f"the claim survives in {', '.join(cell_name(row['method'], row['sparsity']) for row in left)}"
    elif not any(row["control"] for row in found):
        verdict = "whether it is pruning's cannot be said"
    else:
        verdict = "the claim does not survive"
    return (
        f"{name} (alpha {side} 1) in {len(found)}, of which {by_star} {'is' if by_star == 1 else 'are'} so by alpha*, "
        f"and {len(left)} differ{'s' if len(left) == 1 else ''} in the same way from models that lost no weight, too: "
        f"{verdict}"
    )


def _limits(rows: Sequence[Row]) -> str:
    """What is missing to tell, in a sentence; else nothing."""
    lacking = []
    if not any(row["control"] for row in rows):
        lacking.append("models that are trained on as long and lose no weight (references)")
    if not any(row["cross_alpha"] is not None for row in rows):
        lacking.append("five seeds whose classes differ alike, for alpha*")
    return f" To tell, the store lacks {' and '.join(lacking)}." if lacking else ""


def _beyond(most: float) -> str:
    return "it says more than accuracy in some" if most > 1 else "it says no more than that accuracy falls"
