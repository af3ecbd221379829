"""How processes divide work; what they exchange is tried with real ones in test_deepspeed."""

from __future__ import annotations

import pytest
import torch

from runner.trial.processes import ALONE, Processes


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("items", [1, 5, 6])
def test_everything_is_done_once_and_everyone_is_equally_busy(count, items):
    """The turns that count are each item once; all processes take equally many, or some would wait for ever."""
    turns = [Processes(count=count, rank=rank).turns(list(range(items))) for rank in range(count)]
    assert len({len(mine) for mine in turns}) == 1
    assert sorted(item for mine in turns for item, counts in mine if counts) == list(range(items))


def test_one_process_asks_nobody():
    """Alone, values and tensors are returned as they are, without torch.distributed."""
    tensor = torch.arange(3.0)
    assert ALONE.agreed(True, 7) == (1, 7)
    assert ALONE.summed(tensor) is tensor
    assert ALONE.shared(tensor) is tensor
    assert ALONE.turns(["a", "b"]) == [("a", True), ("b", True)]
