"""Run a study into a store: plan its trials, compute them, commit their rows."""

from __future__ import annotations

from runner.folders import claim

claim()
