"""A store, and a model small enough to train in milliseconds."""

from __future__ import annotations

import pytest


@pytest.fixture
def small_model(monkeypatch):
    """The small network is a model of the registry, and every epoch leaves a checkpoint, short as it is."""
    import runner.attempt
    from runner.models import MODELS

    from .small_network import ARCHITECTURE

    monkeypatch.setitem(MODELS, "small", ARCHITECTURE)
    monkeypatch.setattr(runner.attempt, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)


@pytest.fixture
def workplace(tmp_path):
    """An empty store."""
    from runner.trial import Workplace

    return Workplace(root=tmp_path / "store", cache=tmp_path / "cache", device="cpu")
