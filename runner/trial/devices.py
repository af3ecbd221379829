"""Where a trial computes, in which precision, and what it leaves there: with `runner.vendors` the only place that
tells one kind of device from another.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from runner.training import RequestedPrecision
from runner.trial.processes import ALONE, Processes
from runner.vendors import Vendor, driver_version, vendor_of, visible_to_worker

Requested = Literal["auto", "cpu", "cuda"]
Precision = Literal["fp32", "bf16"]

KEPT_MEMORY = ((-1, 2**31 - 1), (-3, 2**28))
"""What glibc's mallopt is told: how much free memory it keeps (M_TRIM_THRESHOLD), and from which size on a block is got
from the system and given back by itself (M_MMAP_THRESHOLD), both in bytes."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """A place to compute: torch's handle, who made it, what it calls itself, and the software below torch.

    driver: the kernel driver's version. runtime: of CUDA or HIP; on a processor, the instructions torch uses.
    kernels: of cuDNN or MIOpen, as torch numbers them.
    """

    torch: torch.device
    vendor: Vendor
    name: str
    driver: str | None = None
    runtime: str | None = None
    kernels: str | None = None


@dataclass(frozen=True, kw_only=True)
class Compute:
    """A device, the precision of the arithmetic on it, and the processes that compute together."""

    device: Device
    precision: Precision = "fp32"
    processes: Processes = ALONE

    def autocast(self) -> AbstractContextManager[object]:
        """A context in which matrix products run in the chosen precision; parameters stay fp32."""
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.torch.type, dtype=torch.bfloat16)


class OutOfDeviceMemory(RuntimeError):
    """A trial did not fit the GPU beside those that share it: says how much it took and which settings to change."""


def choose_device(requested: Requested) -> Device:
    """The device a trial runs on; auto takes a GPU where torch sees one. RuntimeError if a GPU is asked for in vain."""
    gpus = 0 if requested == "cpu" else torch.cuda.device_count() if torch.cuda.is_available() else 0
    vendor = vendor_of(gpus=gpus, hip=torch.version.hip)
    if vendor == "cpu":
        if requested == "cuda":
            raise RuntimeError(
                "device 'cuda' was asked for (resources.gpus is above 0), but torch sees no GPU; install torch's build "
                "for CUDA or ROCm and check the driver, or set resources.gpus=0 to compute on the processor"
            )
        instructions = torch.backends.cpu.get_cpu_capability().lower()
        return Device(torch=torch.device("cpu"), vendor="cpu", name=processor_name(), runtime=instructions)
    runtime = f"HIP {torch.version.hip}" if vendor == "amd" else f"CUDA {torch.version.cuda}"
    kernels = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return Device(
        torch=torch.device("cuda", torch.cuda.current_device()),
        vendor=vendor,
        name=torch.cuda.get_device_name(),
        driver=_driver(vendor),
        runtime=runtime,
        kernels=None if kernels is None else f"{'MIOpen' if vendor == 'amd' else 'cuDNN'} {kernels}",
    )


_driver = cache(driver_version)


def refuse_other(device: Device, vendor: str) -> None:
    """RuntimeError if a trial that is to compare vendors came to a device of another than the named one, if any is."""
    if vendor and device.vendor != vendor:
        raise RuntimeError(
            f"this copy of a trial is to be computed on a device of vendor '{vendor}', but came to {device.name} "
            f"('{device.vendor}'); check that torch on every node is the build for its GPUs (`piesweep doctor` there), "
            "or set canary=0"
        )


def take_assigned(assigned: Sequence[str]) -> Requested:
    """What a worker computes on, given the GPUs that were assigned to it: those, or the processor if there are none.

    A trial that asked for no GPU must not take one that it sees: others have asked for it.
    """
    os.environ.update(visible_to_worker(assigned, hip=torch.version.hip))
    return "cuda" if assigned else "cpu"


@contextlib.contextmanager
def device_memory() -> Iterator[None]:
    """The time of one trial on a device: its memory is given back at the end; OutOfDeviceMemory where it did not do.

    torch keeps memory of a GPU that it has once taken, for this process alone; of the trials that share one in turn,
    the next may run in another process. Of a processor's memory glibc keeps a store for each of several threads, and
    each trial of a sweep's worker is a thread of its own: forty trials of a small encoder left 8 GB behind.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        taken, held = peak_memory() or 0, _capacity()
        raise OutOfDeviceMemory(
            f"the trial did not fit its GPU: it had taken {taken / 2**30:.1f} GiB"
            f"{f' of {held / 2**30:.1f} GiB' if held else ''}, which it may share with other trials. Give each a "
            "larger share (resources.gpus, or resources.models.NAME.gpus for one model; 1 is a whole GPU), or make it "
            "smaller (training.batch_size, the task's max_tokens)"
        ) from error
    finally:
        if _on_gpu():
            gc.collect()
            torch.cuda.empty_cache()
        _give_back_memory()


def peak_memory() -> int | None:
    """Bytes that this process held on its GPU at most since `prepare`; None without one."""
    return torch.cuda.max_memory_allocated() if _on_gpu() else None


def _on_gpu() -> bool:
    """True once this process has computed on a GPU; asking for more would make it take one."""
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def _capacity() -> int | None:
    return torch.cuda.get_device_properties().total_memory if _on_gpu() else None


def processor_name() -> str:
    """What the processor calls itself, or its kind where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def seed_draws(seed: int) -> None:
    """Seed what this process draws from by default: on the processor, and on its GPU once it computes on one.

    `torch.manual_seed` also does so, but notes the whole stack for each kind of device that may yet be taken into use:
    a millisecond every time, which is longer than a step of a small network.
    """
    torch.default_generator.manual_seed(seed)
    if _on_gpu():
        torch.cuda.manual_seed_all(seed)


def prepare(threads: int) -> None:
    """Makes torch in this process repeat itself bit for bit, with as many threads as given.

    On a processor that is so. On a GPU torch's deterministic mode also covers cuDNN and MIOpen (their deterministic
    kernels), and rocBLAS (no atomics); an operation without such a kernel warns and may vary in its last digits, and
    another kind of GPU, driver or library sums in another order. `canary` in a study measures how much that matters.
    """
    torch.set_num_threads(threads)
    _keep_freed_memory()
    # cuBLAS reads this when it starts; without it some of its products vary between runs.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The same as use_deterministic_algorithms(True, warn_only=True), which would first load torch's compiler.
    torch.set_deterministic_debug_mode("warn")
    # Deterministic mode would also fill fresh memory with NaN, which costs time and finds only bugs of torch's.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # No choice of kernels by measuring them: the fastest one would depend on what else the machine is doing.
    torch.backends.cudnn.benchmark = False
    # fp32 means fp32 on every vendor's GPUs; by default NVIDIA's would round the inputs of convolutions to 10 bits.
    torch.backends.cudnn.allow_tf32 = False
    if _on_gpu():
        torch.cuda.reset_peak_memory_stats()


def _keep_freed_memory() -> None:
    """Let the process keep what it frees, up to two gigabytes, where its C library can: glibc's.

    A step frees the activations that the next one needs again. Given back to the system, they come as pages that it
    must first fill with zeros: a tenth of the time of a residual network's step.
    """
    with contextlib.suppress(AttributeError, OSError):  # other libraries have no such call
        tune = ctypes.CDLL(None).mallopt
        for parameter, value in KEPT_MEMORY:
            tune(parameter, value)


def _give_back_memory() -> None:
    """Give what the process has freed back to the system, where its C library can: glibc's."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def resolve_precision(requested: RequestedPrecision, device: Device, network: nn.Module) -> Precision:
    """fp32 or bf16 as asked; auto means bf16 for encoders, LSTMs and residual networks on devices that multiply it.

    Convolutional networks without normalisation, which are small ones, stay fp32: their products are too small to gain
    from bf16 what its casts cost.
    """
    if requested != "auto":
        return requested
    return "bf16" if any(map(_gains, network.modules())) and multiplies_bf16(device) else "fp32"


def _gains(module: nn.Module) -> bool:
    """True for a part that only networks have which are faster in bf16."""
    return isinstance(module, nn.LSTM | nn.BatchNorm2d) or "attention" in type(module).__name__.lower()


def multiplies_bf16(device: Device) -> bool:
    """True if the device has instructions for bf16 products; emulation would be slower than fp32."""
    if device.torch.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
