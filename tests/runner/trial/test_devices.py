"""Where a trial computes and in which precision."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import runner.trial.devices
from runner.trial.devices import (
    Compute,
    Device,
    OutOfDeviceMemory,
    choose_device,
    device_memory,
    prepare,
    refuse_other,
    resolve_precision,
    seed_draws,
    take_assigned,
)

CPU = Device(torch=torch.device("cpu"), vendor="cpu", name="test")


class SelfAttention(nn.Module):
    """What makes a network an encoder."""


class Encoder(nn.Module):
    """A network with attention somewhere inside."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([SelfAttention()])


@pytest.mark.parametrize("hardware", [False, True])
def test_auto_precision_is_bf16_for_networks_that_gain_on_hardware_that_has_it(monkeypatch, hardware):
    """Encoders, LSTMs and residual networks gain from bf16 where the device multiplies it; convolutions alone do not
    and stay fp32; a choice is obeyed."""
    monkeypatch.setattr(runner.trial.devices, "multiplies_bf16", lambda _: hardware)
    assert resolve_precision("auto", CPU, Encoder()) == ("bf16" if hardware else "fp32")
    assert resolve_precision("auto", CPU, nn.LSTM(2, 2)) == ("bf16" if hardware else "fp32")
    residual = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
    assert resolve_precision("auto", CPU, residual) == ("bf16" if hardware else "fp32")
    assert resolve_precision("auto", CPU, nn.Conv2d(1, 1, 1)) == "fp32"
    assert resolve_precision("bf16", CPU, nn.LSTM(2, 2)) == "bf16"
    assert resolve_precision("fp32", CPU, Encoder()) == "fp32"


def test_autocast_multiplies_in_the_chosen_precision():
    """Products come out in bf16 or fp32; parameters stay fp32 in both."""
    layer = nn.Linear(2, 2)
    for precision, kind in (("bf16", torch.bfloat16), ("fp32", torch.float32)):
        with Compute(device=CPU, precision=precision).autocast():
            assert layer(torch.ones(1, 2)).dtype == kind
    assert layer.weight.dtype == torch.float32


def test_the_processor_has_a_name():
    """Facts of a trial say what it ran on."""
    device = choose_device("cpu")
    assert device.vendor == "cpu"
    assert device.name
    assert device.runtime == torch.backends.cpu.get_cpu_capability().lower()
    assert device.driver is None


def test_a_gpu_asked_for_in_vain_is_an_error(monkeypatch):
    """The message says what to install or to choose; auto falls back to the CPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="torch sees no GPU"):
        choose_device("cuda")
    assert choose_device("auto").vendor == "cpu"


@pytest.mark.parametrize(
    ("hip", "cuda", "vendor", "runtime", "kernels"),
    [(None, "12.8", "nvidia", "CUDA 12.8", "cuDNN 91002"), ("6.4", None, "amd", "HIP 6.4", "MIOpen 91002")],
)
def test_torchs_build_tells_whose_gpu_it_is(monkeypatch, hip, cuda, vendor, runtime, kernels):
    """AMD's GPUs are called cuda as well; facts name the driver and the libraries under torch."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setattr(torch.version, "hip", hip)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    monkeypatch.setattr(runner.trial.devices, "_driver", lambda of: f"driver of {of}")
    device = choose_device("auto")
    assert (device.vendor, device.name, device.torch.type) == (vendor, "a GPU", "cuda")
    assert (device.driver, device.runtime, device.kernels) == (f"driver of {vendor}", runtime, kernels)


def test_a_worker_takes_the_gpus_it_was_given_or_none(monkeypatch):
    """Without assigned GPUs a trial computes on the processor, whatever it sees; with an AMD build, HIP is told."""
    monkeypatch.setenv("HIP_VISIBLE_DEVICES", "0,1,2,3")
    assert take_assigned([]) == "cpu"
    assert take_assigned(["2"]) == "cuda"
    assert os.environ["HIP_VISIBLE_DEVICES"] == "0,1,2,3"
    monkeypatch.setattr(torch.version, "hip", "6.4")
    assert take_assigned(["2"]) == "cuda"
    assert os.environ["HIP_VISIBLE_DEVICES"] == "2"


def test_running_out_of_memory_names_the_setting():
    """The message says which settings make room; other errors pass as they are."""
    with pytest.raises(OutOfDeviceMemory, match=r"resources\.gpus.*training\.batch_size") as caught, device_memory():
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    assert isinstance(caught.value.__cause__, torch.OutOfMemoryError)
    with pytest.raises(KeyError), device_memory():
        raise KeyError("other")


def test_memory_is_given_back_after_every_trial_on_a_gpu(monkeypatch):
    """After a trial, well ended or not, what it held goes back to the GPU; a processor needs nothing of the kind."""
    calls = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: calls.append("emptied"))
    with device_memory():
        assert calls == []
    assert calls == []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with device_memory():
        pass
    with pytest.raises(ValueError, match="failed"), device_memory():
        raise ValueError("failed")
    assert calls == ["emptied", "emptied"]


def test_a_copy_for_one_vendor_refuses_another():
    """A trial that is to measure a vendor's arithmetic never runs on another's; ordinary trials run anywhere."""
    refuse_other(CPU, "")
    refuse_other(CPU, "cpu")
    with pytest.raises(RuntimeError, match="vendor 'amd', but came to test"):
        refuse_other(CPU, "amd")


def test_preparing_sets_threads_and_determinism():
    """The number of threads is the caller's, and torch is told to repeat itself."""
    prepare(1)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.backends.cudnn.benchmark
    assert not torch.backends.cudnn.allow_tf32


def printed_by(script: str) -> str:
    """What a process of its own prints that runs this."""
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    return told.stdout


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep what they like")
def test_freed_memory_is_used_again():
    """Twice 160 megabytes of tensors, of which the system gives no page anew; it would give 78,000."""
    script = (
        "import resource, torch\n"
        "from runner.trial.devices import prepare\n"
        "prepare(1)\n"
        "def step(): return len([torch.ones(2_000_000) for _ in range(20)])\n"
        "step()\n"
        "def pages():\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "    step(), step()\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before\n"
        "print(min(pages() for _ in range(5)))"  # a system may reclaim pages at any time, but not at each of five
    )
    assert int(printed_by(script)) < 5_000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep what they like")
def test_a_trial_leaves_no_memory_behind():
    """After 320 megabytes of tensors in threads of their own the process is as large as before, by 50 at most."""
    script = (
        "import threading, torch\n"
        "from runner.trial.devices import device_memory, prepare\n"
        "prepare(1)\n"
        "def trial():\n"
        "    with device_memory():\n"
        "        return len([torch.ones(2_000_000) for _ in range(40)])\n"
        "def megabytes():\n"
        "    line = next(line for line in open('/proc/self/status') if line.startswith('RssAnon'))\n"
        "    return int(line.split()[1]) / 1024\n"
        "before = megabytes()\n"
        "for _ in range(3):\n"
        "    thread = threading.Thread(target=trial)\n"
        "    thread.start(), thread.join()\n"
        "print(megabytes() - before)"
    )
    assert float(printed_by(script)) < 50


def test_draws_are_seeded_as_torch_seeds_them():
    """The same numbers follow, whatever was drawn before."""
    torch.manual_seed(2**63 + 7)
    expected = torch.rand(5)
    torch.rand(3)
    seed_draws(2**63 + 7)
    assert torch.equal(torch.rand(5), expected)
