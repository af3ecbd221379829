"""Keep what becomes known of a trial on its way, in this attempt and in earlier ones."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass
class History:
    """Findings that outlive an attempt, in a checkpoint, beside the state of the trainer.

    threshold: above which a multi-label probability is a yes, if learned. el2n: of every training example, once
    measured. trained_logits: of the training split after the last epoch, if known by then; not kept. parent_weights:
    the content hash of the dense state that the trial went on from. seconds: of this attempt and those before it.
    """

    threshold: float | None = None
    el2n: Tensor | None = None
    trained_logits: Tensor | None = None
    parent_weights: str | None = None
    restored: int = 0
    failed_restores: int = 0
    seconds_before: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Spent on the trial so far."""
        return self.seconds_before + time.monotonic() - self.started

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors and facts for a checkpoint."""
        tensors = {} if self.el2n is None else {"el2n": self.el2n}
        return tensors, {
            "threshold": self.threshold,
            "parent_weights": self.parent_weights,
            "restored": self.restored,
            "failed_restores": self.failed_restores,
            "seconds": self.seconds,
        }

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds."""
        self.el2n = tensors.get("el2n")
        self.threshold = facts["threshold"]
        self.parent_weights = facts["parent_weights"]
        self.seconds_before = facts["seconds"]
        self.restored = facts["restored"] + 1
        self.failed_restores += facts.get("failed_restores", 0)
