"""Verbs that change a store, killed at random moments: it stays sound, and they end as if nothing had happened."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.chaos.kills import tried

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


@pytest.mark.parametrize("verb", ["compact", "merge", "ingest"])
def test_a_killed_verb_leaves_a_sound_store_and_can_be_repeated(verb: str, tmp_path: Path) -> None:
    """Four kills of each; `python -m tests.chaos.kills` makes hundreds, of sweeps, searches and reports too."""
    assert tried(verb, 4, tmp_path, random.Random(3)) >= 4
