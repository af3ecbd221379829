"""Choose which weights are removed: the least important, exactly as many as asked."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from runner.pruning.scope import Scope

SAMPLE = 1 << 16
"""Values that bracket a threshold; of fewer than twice as many the threshold is found at once."""
MARGIN = 2.0
"""Half the bracket's width, in square roots of the sample's size: four deviations of a sampled rank at the median."""
Masks = dict[str, Tensor]
"""Layer name -> bool tensor of the weight's shape, True where the weight stays."""


def all_kept(weights: Mapping[str, Tensor]) -> Masks:
    """Masks that remove nothing."""
    return {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()}


def shrunk(masks: Masks, importance: Mapping[str, Tensor], fraction: float, scope: Scope) -> Masks:
    """The masks after the least important weights are removed, until exactly `fraction` of all is gone.

    layerwise: each layer of n weights keeps n - round(n * fraction); global: the same over all layers taken as one.
    What is gone stays gone; of equally important weights the one with the lower flat index (in the earlier layer) goes
    first; NaN counts as least important. ValueError unless 0 <= fraction <= 1 or if weights would have to come back.
    What goes filter by filter, `runner.pruning.filters` chooses.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"a fraction of the weights to remove lies in [0, 1]; {fraction!r} was given")
    if scope == "layerwise":
        return {name: shrunk_layer(mask, importance[name], fraction) for name, mask in masks.items()}
    together = torch.cat([mask.flatten() for mask in masks.values()])
    scores = torch.cat([importance[name].flatten() for name in masks])
    parts = torch.split(shrunk_layer(together, scores, fraction), [mask.numel() for mask in masks.values()])
    return {name: part.view_as(mask).clone() for (name, mask), part in zip(masks.items(), parts, strict=True)}


def shrunk_layer(mask: Tensor, importance: Tensor, fraction: float) -> Tensor:
    """One layer's mask with exactly round(n * fraction) of its n weights gone."""
    already = mask.numel() - int(mask.count_nonzero())
    more = round(mask.numel() * fraction) - already
    if more < 0:
        raise ValueError(
            f"{already} of {mask.numel()} weights are gone already, more than {fraction!r} of them; masks only shrink"
        )
    if not already:
        return ~lowest(importance.flatten(), more).view_as(mask)
    kept = mask.flatten().nonzero().flatten()
    result = mask.flatten().clone()
    result[kept[lowest(importance.flatten()[kept], more)]] = False
    return result.view_as(mask)


def lowest(values: Tensor, count: int) -> Tensor:
    """Bool [n] with exactly `count` True, at the lowest of the n values; NaN is lowest, ties go by index."""
    if count == 0:
        return torch.zeros_like(values, dtype=torch.bool)
    ranked = values.nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf) if has_nan(values) else values
    threshold = kth_lowest(ranked, count)
    chosen = ranked <= threshold
    if surplus := int(chosen.count_nonzero()) - count:
        tied = (ranked == threshold).nonzero().flatten()
        chosen[tied[-surplus:]] = False
    return chosen


def has_nan(values: Tensor) -> bool:
    """Whether one of them is NaN; if so their sum is, which takes a sixth of the time of asking each."""
    return bool(values.sum().isnan()) and bool(values.isnan().any())


def kth_lowest(values: Tensor, count: int) -> Tensor:
    """The count-th lowest of n values without NaN (count from 1), as `torch.kthvalue` finds it, in fewer passes.

    An evenly spaced sample brackets it; whatever lies below the bracket is counted, what lies within is selected from.
    Should the bracket have missed it, or not pay, all values are asked (idea: Floyd and Rivest 1975, SELECT).
    """
    step = values.numel() // SAMPLE
    if step < 2:
        return values.kthvalue(count).values
    sample = values[::step].sort().values
    place, margin = count / values.numel() * sample.numel(), MARGIN * sample.numel() ** 0.5
    first, last = int(place - margin), int(place + margin) + 1
    low = sample[first] if first >= 0 else sample.new_tensor(-torch.inf)
    high = sample[last] if last < sample.numel() else sample.new_tensor(torch.inf)
    lower = values < low
    below = int(lower.count_nonzero())
    within = values[(values <= high) ^ lower]
    if not 0 < count - below <= within.numel():
        return values.kthvalue(count).values
    return within.kthvalue(count - below).values


def removed(masks: Masks) -> int:
    """How many weights the masks remove."""
    return sum(mask.numel() - int(mask.count_nonzero()) for mask in masks.values())


def layer_sparsity(masks: Masks) -> dict[str, float]:
    """Layer name -> fraction removed."""
    return {name: 1 - int(mask.count_nonzero()) / mask.numel() for name, mask in masks.items()}


def sparsity(masks: Masks) -> float:
    """Fraction removed of all prunable weights."""
    return removed(masks) / sum(mask.numel() for mask in masks.values())
