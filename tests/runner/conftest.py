"""A store, and a model small enough to train in milliseconds."""

from __future__ import annotations

import pytest


@pytest.fixture
def small_model(monkeypatch):
    """The small network is a model of the registry."""
    from runner.models import MODELS

    from .small_network import ARCHITECTURE

    monkeypatch.setitem(MODELS, "small", ARCHITECTURE)


@pytest.fixture
def workplace(tmp_path):
    """An empty store."""
    from runner.trial.run import Workplace

    return Workplace(root=tmp_path / "store", cache=tmp_path / "cache", device="cpu")
