"""DeepSpeed made ready for a process: quiet, on the device that was chosen, without a compiler."""

from __future__ import annotations

import logging
import os
from typing import Any

import deepspeed
import torch
from deepspeed.accelerator import set_accelerator
from deepspeed.accelerator.cpu_accelerator import CPU_Accelerator
from torch import distributed

from runner.trial.processes import Processes


class Processor(CPU_Accelerator):  # type: ignore[misc]
    """DeepSpeed's processor without the sums through shared memory that it would compile when it starts.

    torch's gloo sums as well, and neither a compiler nor half a minute is needed.
    """

    def create_op_builder(self, op_name: str) -> Any:
        """No builder for those sums; the others are asked for by nothing that is used here."""
        return None if op_name == "ShareMemCommBuilder" else super().create_op_builder(op_name)


def join(device: torch.device) -> Processes:
    """The processes of torch's default group, made known to DeepSpeed. RuntimeError without such a group."""
    if not distributed.is_initialized():
        raise RuntimeError(
            "torch.distributed has no process group yet; spread trials are started by `piesweep run` through Ray Train"
        )
    # DeepSpeed computes on the device of this number, whatever a process sees.
    os.environ["LOCAL_RANK"] = str(device.index or 0)
    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    if device.type == "cpu":
        set_accelerator(Processor())
    deepspeed.init_distributed(
        dist_backend="gloo" if device.type == "cpu" else "nccl", auto_mpi_discovery=False, verbose=False
    )
    return Processes(count=distributed.get_world_size(), rank=distributed.get_rank(), device=str(device))
