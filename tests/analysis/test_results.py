"""The numbers behind tables and figures, each asked for once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from analysis.results import Results

LONGER = [{"method": "imp-ft", "times": 4.0}, {"method": "iibp-ft", "times": 4.0}]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], ""),
        ([{"method": "dense-4e", "times": 4.0}], ""),
        (LONGER, "difference between them; a study with `references: [dense-4e]` tells it apart."),
        (
            [*LONGER, {"method": "dense-4e", "times": 4.0}],
            "DENSE-4E, unpruned and trained as long, stands beside them.",
        ),
    ],
)
def test_what_longer_training_confounds_is_said(rows: list[dict[str, object]], said: str) -> None:
    """Captions name the methods that train longer than the dense models, and the reference that does as they do."""
    told = Results.longer_training.func(SimpleNamespace(rows=lambda _: rows))
    assert told.endswith(said)
    assert not told or told.startswith("IIBP-FT, IMP-FT train 4 times as long as the dense models")
    assert bool(told) == bool(said)
