"""Name the vendors of GPUs, and the variables by which Ray, Slurm and torch hide some of them; no torch."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

Vendor = Literal["nvidia", "amd", "cpu"]
VENDORS: tuple[Vendor, ...] = ("nvidia", "amd", "cpu")

HIP, ROCR = "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"
KFD_NODES = Path("/sys/class/kfd/kfd/topology/nodes")
AMD_DRIVER = Path("/sys/module/amdgpu/version")
NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
PATIENCE_SECONDS = 20.0


def vendor_of(*, gpus: int, hip: str | None) -> Vendor:
    """Whose GPUs torch computes on: `gpus` it sees, `hip` is torch.version.hip. torch calls AMD's GPUs cuda as well."""
    if gpus < 1:
        return "cpu"
    return "amd" if hip else "nvidia"


def has_amdsmi() -> bool:
    """True if the Python package by which Ray recognises AMD's GPUs is installed."""
    return importlib.util.find_spec("amdsmi") is not None


def visible_to_ray(environment: Mapping[str, str], *, amdsmi: bool) -> dict[str, str]:
    """What to add to the environment before Ray is imported, so that it accepts what Slurm set.

    Slurm hides AMD's GPUs by ROCR_VISIBLE_DEVICES; where Ray recognises AMD's GPUs, which takes the package amdsmi, it
    refuses to start unless HIP_VISIBLE_DEVICES is set too. HIP counts within what ROCR leaves visible, so all of that
    is 0, 1, ... Without the package Ray takes every GPU for NVIDIA's and hides them by CUDA_VISIBLE_DEVICES, which HIP
    heeds only while HIP_VISIBLE_DEVICES is not set: then nothing is added.
    """
    if not amdsmi or ROCR not in environment or HIP in environment:
        return {}
    return {HIP: ",".join(str(index) for index in range(len(_listed(environment[ROCR]))))}


def visible_to_worker(assigned: Sequence[str], *, hip: str | None) -> dict[str, str]:
    """What to set in a worker before torch looks for GPUs, given those that Ray assigned to it.

    Ray may have told an AMD worker by CUDA_VISIBLE_DEVICES (see `visible_to_ray`), and HIP heeds HIP_VISIBLE_DEVICES
    first: one inherited from a job script would send every worker to the same GPU.
    """
    return {HIP: ",".join(assigned)} if hip and assigned else {}


def uncounted_gpus(environment: Mapping[str, str], *, amdsmi: bool, nodes: Path = KFD_NODES) -> int | None:
    """GPUs of AMD's that Ray would not find on this machine, because it lacks amdsmi; None if Ray can count itself."""
    if amdsmi or not nodes.is_dir():
        return None
    present = sum(_is_gpu(node) for node in nodes.iterdir())
    shown = [len(_listed(environment[name])) for name in (ROCR, HIP) if name in environment]
    return min([present, *shown]) or None


def _is_gpu(node: Path) -> bool:
    """Processors are nodes of the kernel's topology too, with 0 as their GPU's id."""
    with contextlib.suppress(OSError, ValueError):
        return int((node / "gpu_id").read_text(encoding="ascii")) > 0
    return False


def _listed(devices: str) -> list[str]:
    return [device for device in devices.split(",") if device.strip()]


def driver_version(vendor: Vendor) -> str | None:
    """The kernel driver's version, from the kernel where it says, else from the vendor's tool; None if neither does."""
    if vendor == "nvidia":
        return nvidia_driver(NVIDIA_DRIVER) or _nvidia_smi()
    if vendor == "amd":
        return amd_driver(AMD_DRIVER) or _amdsmi() or f"linux {platform.release()}"  # amdgpu comes with the kernel
    return None


def nvidia_driver(path: Path) -> str | None:
    """The version that NVIDIA's kernel module writes into /proc, such as 550.54.15."""
    with contextlib.suppress(OSError):
        found = re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)\s", path.read_text(encoding="utf-8", errors="replace"))
        return found[1] if found else None
    return None


def amd_driver(path: Path) -> str | None:
    """The version of AMD's kernel module where it was installed with ROCm, such as 6.8.5."""
    with contextlib.suppress(OSError):
        return path.read_text(encoding="ascii", errors="replace").strip() or None
    return None


def _nvidia_smi() -> str | None:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS).stdout
        return next(iter(told.split()), None)
    return None


def _amdsmi() -> str | None:
    """What the package amdsmi says; it is a thin layer over a C library, which may fail in any way it likes."""
    with contextlib.suppress(Exception):
        amdsmi = importlib.import_module("amdsmi")
        amdsmi.amdsmi_init(amdsmi.AmdSmiInitFlags.INIT_AMD_GPUS)
        try:
            told = amdsmi.amdsmi_get_gpu_driver_info(amdsmi.amdsmi_get_processor_handles()[0])
            return str(told["driver_version"]) or None
        finally:
            amdsmi.amdsmi_shut_down()
    return None
