"""The processes that compute one trial together: what each does, and how they stay of one mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Processes:
    """How many processes compute a trial, which of them this is, and the device through which they exchange tensors.

    With one process, the usual case, nothing is exchanged and torch.distributed is never asked. With several, every
    method but `turns` must be called by all of them in the same order.
    """

    count: int = 1
    rank: int = 0
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """True for the process that decides, writes checkpoints and commits."""
        return self.rank == 0

    def turns(self, items: Sequence[Item]) -> list[tuple[Item, bool]]:
        """What this process computes, as often as any other: each item, and whether its result counts.

        Where items run out the last one is computed once more for nothing: processes that hold a network together
        must call it equally often.
        """
        last = len(items) - 1
        places = range(self.rank, -(-len(items) // self.count) * self.count, self.count)
        return [(items[min(place, last)], place <= last) for place in places]

    def agreed(self, *values: int) -> tuple[int, ...]:
        """The first process's values, in all."""
        if self.count == 1:
            return values
        return tuple(self.shared(torch.tensor(values, dtype=torch.int64)).tolist())

    def shared(self, tensor: Tensor) -> Tensor:
        """The first process's tensor, in all; the others give one of the same shape and type. Stays on the device."""
        if self.count == 1:
            return tensor
        sent = tensor.to(self.device, copy=True, memory_format=torch.contiguous_format)
        distributed.broadcast(sent, src=0)
        return sent

    def most(self, value: int) -> int:
        """The largest of the processes' values."""
        if self.count == 1:
            return value
        largest = torch.tensor(value, dtype=torch.int64, device=self.device)
        distributed.all_reduce(largest, op=distributed.ReduceOp.MAX)
        return int(largest)

    def summed(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, where the tensor was."""
        if self.count == 1:
            return tensor
        total = tensor.to(self.device, copy=True)
        distributed.all_reduce(total)
        return total.to(tensor.device)


ALONE = Processes()
