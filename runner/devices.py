"""Where a trial computes, and in which precision: the only place that tells one kind of device from another."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

Requested = Literal["auto", "cpu", "cuda"]
Vendor = Literal["nvidia", "amd", "cpu"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class Device:
    """A place to compute: torch's handle, who made it, what it calls itself."""

    torch: torch.device
    vendor: Vendor
    name: str


@dataclass(frozen=True, kw_only=True)
class Compute:
    """A device and the precision of the arithmetic on it."""

    device: Device
    precision: Precision = "fp32"

    def autocast(self) -> AbstractContextManager[object]:
        """A context in which matrix products run in the chosen precision; parameters stay fp32."""
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.torch.type, dtype=torch.bfloat16)


def choose_device(requested: Requested) -> Device:
    """The device a trial runs on; auto takes a GPU where torch sees one. RuntimeError if a GPU is asked for in vain.

    torch calls AMD's GPUs cuda as well; its build tells which they are.
    """
    if requested == "cpu" or (requested == "auto" and not torch.cuda.is_available()):
        return Device(torch=torch.device("cpu"), vendor="cpu", name=processor_name())
    if not torch.cuda.is_available():
        raise RuntimeError(
            "device 'cuda' was asked for, but torch sees no GPU; install torch's build for CUDA or ROCm and check the "
            "driver, or set the device to 'cpu' or 'auto'"
        )
    vendor: Vendor = "amd" if torch.version.hip else "nvidia"
    return Device(
        torch=torch.device("cuda", torch.cuda.current_device()), vendor=vendor, name=torch.cuda.get_device_name()
    )


def processor_name() -> str:
    """What the processor calls itself, or its kind where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def prepare(threads: int) -> None:
    """Makes torch in this process repeat itself bit for bit, with as many threads as given."""
    torch.set_num_threads(threads)
    # cuBLAS reads this when it starts; without it some of its products vary between runs.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Deterministic mode would also fill fresh memory with NaN, which costs time and finds only bugs of torch's.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False


def resolve_precision(requested: Literal["auto", "fp32", "bf16"], device: Device, network: nn.Module) -> Precision:
    """fp32 or bf16 as asked; auto means bf16 for encoders and LSTMs on devices that multiply bf16 in hardware.

    Small convolutional networks stay fp32: their products are too small to gain from bf16 what its casts cost.
    """
    if requested != "auto":
        return requested
    gains = any(isinstance(m, nn.LSTM) or "attention" in type(m).__name__.lower() for m in network.modules())
    return "bf16" if gains and multiplies_bf16(device) else "fp32"


def multiplies_bf16(device: Device) -> bool:
    """True if the device has instructions for bf16 products; emulation would be slower than fp32."""
    if device.torch.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
