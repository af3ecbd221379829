"""Every kind of file, every damage, every verb: no traceback, no wait, no other answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.damage_walk import DAMAGES, KINDS, SLOW, VERBS, Place, walk

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


def test_no_damage_is_silent_and_none_shows_a_traceback(tmp_path: Path) -> None:
    """All kinds and damages under all verbs but the two that draw: these see one damage of each kind, in the next test.
    `python -m tests.chaos.damage_walk` prints all of them as a table."""
    verbs = [verb for verb in VERBS if verb not in SLOW]
    wrong = [row for row in walk(Place(tmp_path / "at"), list(KINDS), list(DAMAGES), verbs) if row[-1]]
    assert wrong == []


def test_reports_and_figures_of_damaged_stores_are_refused_or_whole(tmp_path: Path) -> None:
    """One flipped bit in each kind of file."""
    wrong = [row for row in walk(Place(tmp_path / "at"), list(KINDS), ["a bit in the middle"], list(SLOW)) if row[-1]]
    assert wrong == []
