"""Ask whether a plan's compressions, and shares of filters, can be reached, before anything is written.

Builds each network once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch

from runner.heads import head_for
from runner.models import MODELS, load_module
from runner.pruning.compression import CompressionError, Sizes
from runner.pruning.targets import TARGETS, sizes_of
from runner.spec import TrialSpec, derived_seed
from runner.trial.assembly import context_of
from runner.trial.workplace import Workplace
from tasks.base import TaskData


def require_reach(specs: Iterable[TrialSpec], tasks: Mapping[str, TaskData], cache: Path) -> None:
    """CompressionError for a trial whose fraction its prunable weights, or a convolution's filters, cannot give."""
    known: dict[tuple[str, str, str], Sizes] = {}
    for spec in specs:
        key = spec.task, spec.model, spec.targets
        if spec.base == "prunable" and spec.targets != "filters":
            continue
        if key not in known:
            known[key] = sizes(spec, tasks[spec.task], cache)
        try:
            known[key].fraction(spec.sparsity, spec.base)
        except CompressionError as error:
            raise CompressionError(f"{spec.model} on {spec.task}, {spec.method}: {error}") from None


def sizes(spec: TrialSpec, data: TaskData, cache: Path) -> Sizes:
    """Those of a trial's network."""
    context = context_of(spec, Workplace(root=cache, cache=cache), data, head_for(data))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(spec.seed, "init"))
        network = load_module(MODELS[spec.architecture]).build(context)
    return sizes_of(network, TARGETS[spec.targets])
