"""Every kind of file, damaged in every way: verify names it, and no answer is another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.damage_walk import DAMAGES, KINDS, Place, walk

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


def test_no_damage_is_silent_and_none_shows_a_traceback(tmp_path: Path) -> None:
    """All kinds and damages under the verbs that look at most; `python -m tests.chaos.damage_walk` tries all verbs."""
    found = walk(Place(tmp_path / "at"), list(KINDS), list(DAMAGES), ["verify", "digest", "sql rows"])
    assert [row for row in found if row[-1]] == []
