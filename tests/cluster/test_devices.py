"""AMD's and NVIDIA's GPUs under a real Ray, without a GPU: a pretended package amdsmi, pretended counts."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from analysis.relations.database import connect
from runner.store.verify import broken_invariants
from runner.vendors import visible_to_ray
from tests.cluster.ray_nodes import RayNodes

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 400.0
AMDSMI = '''
"""Two GPUs of AMD's, as far as Ray asks."""
import enum
class AmdSmiInitFlags(enum.IntEnum): INIT_AMD_GPUS = 2
class AmdSmiMemoryType(enum.IntEnum): VRAM = 0
class AmdSmiLibraryException(Exception): pass
def amdsmi_init(flags): pass
def amdsmi_shut_down(): pass
def amdsmi_get_processor_handles(): return [0, 1]
def amdsmi_get_gpu_id(handle): return 0x7408
def amdsmi_get_gpu_driver_info(handle): return {"driver_version": "6.8.5"}
'''
ASK_RAY = """
import json, os, sys
if sys.argv[1] == "prepared":
    from runner.sweep.environment import prepare
    prepare(None)
from runner.sweep.driver import cluster
from runner.vendors import driver_version
import ray
def look():
    return os.environ.get("HIP_VISIBLE_DEVICES"), os.environ.get("ROCR_VISIBLE_DEVICES")
with cluster(None, 1) as resources:
    seen = ray.get([ray.remote(num_gpus=1, num_cpus=0)(look).remote() for _ in range(2)])
print(json.dumps({"gpus": resources["GPU"], "seen": sorted(seen), "driver": driver_version("amd")}))
"""

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.fixture
def amd(tmp_path: Path) -> dict[str, str]:
    """The environment of an AMD node in a Slurm job that was given the GPUs 4 and 5 of it."""
    (tmp_path / "amd").mkdir()
    (tmp_path / "amd" / "amdsmi.py").write_text(AMDSMI)
    return {"PYTHONPATH": f"{tmp_path / 'amd'}{os.pathsep}{ROOT}", "ROCR_VISIBLE_DEVICES": "4,5"}


def python(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter in the repository, since Ray reads the environment when it is imported."""
    command = [sys.executable, *words]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=PATIENCE_SECONDS
    )


def test_ray_starts_on_what_slurm_sets_once_it_is_prepared(amd: dict[str, str]) -> None:
    """ROCR_VISIBLE_DEVICES alone makes Ray refuse AMD's GPUs; prepared, it counts them and gives each worker one."""
    environment = {**os.environ, **amd}
    environment.pop("HIP_VISIBLE_DEVICES", None)
    refused = python("-c", ASK_RAY, "unprepared", environment=environment)
    assert refused.returncode != 0
    assert "Please use HIP_VISIBLE_DEVICES instead of ROCR_VISIBLE_DEVICES" in refused.stderr
    found = python("-c", ASK_RAY, "prepared", environment=environment)
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout.splitlines()[-1])
    assert told["gpus"] == 2
    assert told["seen"] == [["0", "4,5"], ["1", "4,5"]]
    assert told["driver"]


@pytest.fixture
def sweep(amd: dict[str, str], tmp_path: Path) -> tuple[Path, list[dict[str, Any]], dict[str, list[str]]]:
    """A study with copies, run on a head without GPUs and one node of each vendor: store, what trials saw, nodes."""
    nodes = RayNodes(cpus=0, alone=False)
    try:
        nodes.add("amd", 3, 2, {**amd, **visible_to_ray(amd, amdsmi=True)})
        nodes.add("nvidia", 3, 1)
        store = tmp_path / "run" / "store"
        found = python("-m", "tests.cluster.two_vendors", nodes.address, str(store), environment=nodes.environment)
    finally:
        nodes.stop()
    assert found.returncode == 0, found.stderr
    seen = [json.loads(path.read_text()) for path in sorted((tmp_path / "run").glob("*.seen.json"))]
    assert len(seen) == 8, found.stderr
    return store, seen, json.loads(found.stdout.splitlines()[-1])["vendors"]


def test_copies_run_on_their_vendors_and_are_compared(
    sweep: tuple[Path, list[dict[str, Any]], dict[str, list[str]]],
) -> None:
    """On a node of each vendor: every worker sees its own GPU alone, by its vendor's variable; two trials may share
    one and never three; a copy and the parent it continues from run on their vendor's node, are kept out of the votes
    and compared with each other; and the store is sound."""
    store, seen, vendors = sweep
    assert {vendor: len(ids) for vendor, ids in vendors.items()} == {"amd": 1, "nvidia": 1}
    for one in seen:
        assert [one["node"]] == vendors[one["vendor"]]
        assert one["canary"] in ("", one["vendor"])
        (gpu,) = one["assigned"]
        if one["vendor"] == "amd":
            assert (one["hip"], one["rocr"]) == (gpu, "4,5")
            assert gpu in ("0", "1")
        else:
            assert (one["cuda"], one["hip"], gpu) == ("0", None, "0")
    assert Counter((one["canary"], one["method"]) for one in seen if one["canary"]) == {
        (vendor, method): 1 for vendor in ("amd", "nvidia") for method in ("dense", "imp-ft")
    }
    assert most_together(seen) == 2
    assert broken_invariants(store) == []
    connection = connect(store)
    rows = "SELECT method, vendor, other_vendor, differ FROM canary WHERE vendor <> other_vendor ORDER BY ALL"
    assert connection.sql(rows).fetchall() == [("dense", "amd", "nvidia", 0), ("imp-ft", "amd", "nvidia", 0)]
    cells = "SELECT method, any_value(device_name), count(*) FROM trials GROUP BY method ORDER BY method"
    assert connection.sql(cells).fetchall() == [("dense", "pretended", 2), ("imp-ft", "pretended", 2)]


def test_a_study_on_processors_compares_runs_on_them(tmp_path: Path) -> None:
    """Where trials need no GPU there is one kind of device: the copies, run once more, give the same answers bit for
    bit; the study is finished with them, and running it again changes no byte."""
    study = tmp_path / "study.yaml"
    study.write_text(
        "{name: s, tasks: [digits], models: [convnet], methods: [imp-ft], sparsities: [0.9], seeds: 1, canary: 2, "
        "training: {epochs: 1, batch_size: 64, learning_rate: 0.003}}"
    )
    store = tmp_path / "store"
    words = ("-m", "runner.command_line", "run", str(study), "--store", str(store))
    found = python(*words, environment=dict(os.environ))
    assert found.returncode == 0, found.stderr
    assert "4 of 4 trials committed" in found.stdout
    assert broken_invariants(store) == []
    rows = "SELECT method, vendor, other_vendor, pairs, examples > 0, differ FROM canary ORDER BY ALL"
    same = [(method, "cpu", "cpu", 1, True, 0) for method in ("dense", "imp-ft")]
    assert connect(store).sql(rows).fetchall() == same
    devices = "SELECT DISTINCT device_vendor, device_driver, device_runtime, device_kernels, peak_memory FROM trials"
    assert connect(store).sql(devices).fetchall() == [
        ("cpu", None, torch.backends.cpu.get_cpu_capability().lower(), None, None)
    ]
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    assert python(*words, environment=dict(os.environ)).returncode == 0
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def most_together(seen: list[dict[str, Any]]) -> int:
    """How many trials were on one GPU at the same time at most."""
    by_gpu = itertools.groupby(
        sorted(seen, key=lambda one: (one["node"], one["assigned"])), key=lambda one: (one["node"], one["assigned"])
    )
    return max(
        sum(other["began"] <= one["began"] < other["ended"] for other in trials)
        for trials in (list(group) for _, group in by_gpu)
        for one in trials
    )
