"""Where a trial computes and in which precision."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import runner.devices
from runner.devices import Compute, Device, choose_device, prepare, resolve_precision

CPU = Device(torch=torch.device("cpu"), vendor="cpu", name="test")


class SelfAttention(nn.Module):
    """What makes a network an encoder."""


class Encoder(nn.Module):
    """A network with attention somewhere inside."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([SelfAttention()])


@pytest.mark.parametrize("hardware", [False, True])
def test_auto_precision_is_bf16_for_encoders_on_hardware_that_has_it(monkeypatch, hardware):
    """Encoders gain from bf16 where the device multiplies it; LSTMs and convolutions stay fp32; a choice is obeyed."""
    monkeypatch.setattr(runner.devices, "multiplies_bf16", lambda _: hardware)
    assert resolve_precision("auto", CPU, Encoder()) == ("bf16" if hardware else "fp32")
    assert resolve_precision("auto", CPU, nn.LSTM(2, 2)) == ("bf16" if hardware else "fp32")
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


def test_a_gpu_asked_for_in_vain_is_an_error(monkeypatch):
    """The message says what to install or to choose; auto falls back to the CPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="torch sees no GPU"):
        choose_device("cuda")
    assert choose_device("auto").vendor == "cpu"


@pytest.mark.parametrize(("hip", "vendor"), [(None, "nvidia"), ("6.4", "amd")])
def test_torchs_build_tells_whose_gpu_it_is(monkeypatch, hip, vendor):
    """AMD's GPUs are called cuda as well."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setattr(torch.version, "hip", hip)
    device = choose_device("auto")
    assert (device.vendor, device.name, device.torch.type) == (vendor, "a GPU", "cuda")


def test_preparing_sets_threads_and_determinism():
    """The number of threads is the caller's, and torch is told to repeat itself."""
    prepare(1)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled()
