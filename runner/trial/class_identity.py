"""Ask whether a network whose classes have no names has them in the order of its task."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn

from runner.models import ModelError
from runner.trial.training_set import TrainingSet

ROWS = 1000
"""So many training rows, evenly spaced, are asked at most."""


@torch.no_grad()
def require_identity(network: nn.Module, training_set: TrainingSet) -> None:
    """ModelError if the answers of a network, as it is, fit training rows better with its classes in another order."""
    total, size = len(training_set.targets), training_set.training.batch_size
    rows = np.unique(np.linspace(0, total - 1, min(total, ROWS)).astype(np.int64))
    classes = training_set.head.width
    counts = np.zeros((classes, classes), np.int64)
    network.eval()
    for start in range(0, len(rows), size):
        batch = training_set.batch(rows[start : start + size])
        said = network(**batch.inputs).argmax(1).cpu().numpy()
        np.add.at(counts, (batch.targets.cpu().numpy(), said), 1)
    network.train()
    gold, best = linear_sum_assignment(counts, maximize=True)
    now, then = int(np.trace(counts)), int(counts[gold, best].sum())
    if then > now:
        raise ModelError(
            f"the checkpoint's classes have no names, and of {len(rows)} training rows it has {now} right as it "
            f"numbers them, but {then} if its numbers {', '.join(map(str, best))} stood for the classes 0 to "
            f"{classes - 1}; write their names into id2label of its config.json, or set classifier: new"
        )
