"""Ten random hits on drivers, trials, raylets and nodes of three; `hits.py` deals as many as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.hits import survive

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.timeout(900)]


def test_ten_hits_change_nothing(tmp_path: Path) -> None:
    """The command is started again where it died; in the end the store is sound and equals an undisturbed one."""
    hits = survive(10, 7, tmp_path, seeds=2)
    assert hits.total() >= 10
    assert len({target for target, _ in hits}) >= 2
