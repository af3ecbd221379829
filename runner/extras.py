"""What a trial may keep beside its answers: EXTRAS, one line each; no torch.

A study asks for one by its name: `record: {model: true}`. The module of a line makes it in a trial
(`runner.trial.extras`). Its file is committed with the trial's rows, in one step, and whatever looks after a store's
files looks after it (`runner.store.extra_files`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

BYTES_OF_VALUE, BITS_OF_BYTE = 4, 8


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What is known of a trial's network before it is trained.

    prunable: weights that may go, in so many layers. removed: those that will have gone.
    """

    parameters: int
    prunable: int
    layers: int
    removed: float


@dataclass(frozen=True, kw_only=True)
class Extra:
    """One thing that a trial may keep.

    title: what it is. module: where a trial makes it, with a function `recorder`. bytes: what its file takes, about or
    at most. columns: those of its rows, which lie in Parquet; none where tensors lie in safetensors.
    """

    title: str
    module: str
    bytes: Callable[[Planned], float]
    columns: Mapping[str, pa.DataType] = field(default_factory=dict)

    @property
    def ending(self) -> str:
        """Of its files' names."""
        return "parquet" if self.columns else "safetensors"


@dataclass(frozen=True)
class Gathered:
    """What a trial keeps of one extra: the bytes of its file, and a hash of what they say, however it is encoded."""

    payload: bytes
    content: str


def _model_bytes(planned: Planned) -> float:
    """Four a weight that stays, a bit for each that might have gone."""
    bits = planned.prunable / BITS_OF_BYTE if planned.removed else 0
    return BYTES_OF_VALUE * (planned.parameters - planned.removed) + bits


EXTRAS: dict[str, Extra] = {
    "model": Extra(
        title="the network that answers: its weights, and which of them were removed",
        module="runner.trial.extras.model",
        bytes=_model_bytes,
    ),
}
