"""What tells one vendor's GPUs from another's, without a GPU: everything is decided from data."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.vendors import amd_driver, nvidia_driver, uncounted_gpus, vendor_of, visible_to_ray, visible_to_worker


@pytest.mark.parametrize(
    ("gpus", "hip", "vendor"), [(0, None, "cpu"), (0, "6.4", "cpu"), (1, None, "nvidia"), (8, "6.4", "amd")]
)
def test_the_build_of_torch_tells_the_vendor(gpus: int, hip: str | None, vendor: str) -> None:
    """A build for HIP sees AMD's GPUs, any other NVIDIA's; without GPUs it is the processor."""
    assert vendor_of(gpus=gpus, hip=hip) == vendor


@pytest.mark.parametrize(
    ("environment", "amdsmi", "added"),
    [
        ({}, True, {}),
        ({"ROCR_VISIBLE_DEVICES": "4,5,6"}, True, {"HIP_VISIBLE_DEVICES": "0,1,2"}),
        ({"ROCR_VISIBLE_DEVICES": "GPU-7c1a,GPU-0f3b"}, True, {"HIP_VISIBLE_DEVICES": "0,1"}),
        ({"ROCR_VISIBLE_DEVICES": ""}, True, {"HIP_VISIBLE_DEVICES": ""}),
        ({"ROCR_VISIBLE_DEVICES": "4,5", "HIP_VISIBLE_DEVICES": "1"}, True, {}),
        ({"ROCR_VISIBLE_DEVICES": "4,5"}, False, {}),
        ({"CUDA_VISIBLE_DEVICES": "1"}, True, {}),
    ],
)
def test_what_slurm_sets_is_put_in_rays_words(environment: dict[str, str], amdsmi: bool, added: dict[str, str]) -> None:
    """HIP counts within what ROCR leaves visible; what the user has set, and what Ray cannot use, is left alone."""
    assert visible_to_ray(environment, amdsmi=amdsmi) == added


def test_a_worker_on_amd_is_told_its_gpus_by_hip() -> None:
    """HIP's variable goes before the one that Ray sets where it takes AMD's GPUs for NVIDIA's."""
    assert visible_to_worker(["3"], hip="6.4") == {"HIP_VISIBLE_DEVICES": "3"}
    assert visible_to_worker(["3"], hip=None) == {}
    assert visible_to_worker([], hip="6.4") == {}


def test_gpus_that_ray_cannot_count_are_counted(tmp_path: Path) -> None:
    """The kernel lists AMD's GPUs among its nodes, processors with id 0; variables hide some; amdsmi makes it Ray's."""
    for number, gpu_id in enumerate(("0", "41312", "8271", "unreadable")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "gpu_id").write_text(f"{gpu_id}\n")
    assert uncounted_gpus({}, amdsmi=False, nodes=tmp_path) == 2
    assert uncounted_gpus({"ROCR_VISIBLE_DEVICES": "1"}, amdsmi=False, nodes=tmp_path) == 1
    assert uncounted_gpus({}, amdsmi=True, nodes=tmp_path) is None
    assert uncounted_gpus({}, amdsmi=False, nodes=tmp_path / "none") is None


@pytest.mark.parametrize(
    "line",
    [
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (dvs-builder@U16)",
    ],
)
def test_the_kernel_tells_the_drivers_version(tmp_path: Path, line: str) -> None:
    """NVIDIA's module, closed or open, writes a sentence, AMD's a number; where there is none nothing is made up."""
    (tmp_path / "nvidia").write_text(f"{line}\nGCC version:  gcc version 12.3.0\n")
    (tmp_path / "amd").write_text("6.8.5\n")
    assert nvidia_driver(tmp_path / "nvidia") == "550.54.15"
    assert amd_driver(tmp_path / "amd") == "6.8.5"
    assert nvidia_driver(tmp_path / "none") is None
    assert amd_driver(tmp_path / "none") is None
