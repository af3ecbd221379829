"""The numbers behind tables and figures, each asked for once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from analysis.results import Results

LONGER = [
    {"method": "imp-ft", "times": 4.0, "is_unpruned": False},
    {"method": "iibp-ft", "times": 4.0, "is_unpruned": False},
]
AS_LONG = {"method": "dense-4e", "times": 4.0, "is_unpruned": True}
LONGEST = {"method": "imp-5", "times": 6.0, "is_unpruned": False}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], ""),
        ([AS_LONG], ""),
        (LONGER, "difference between them; a study with `references: [dense-4e]` tells it apart."),
        (
            [*LONGER, AS_LONG],
            "DENSE-4E, unpruned and trained as long, stands beside them.",
        ),
        (
            [*LONGER, LONGEST, AS_LONG],
            "trained as long, stands beside them; no unpruned model is trained as long as imp-5.",
        ),
        (
            [*LONGER, LONGEST, AS_LONG, {"method": "dense-6e", "times": 6.0, "is_unpruned": True}],
            "DENSE-4E, dense-6e, unpruned and trained as long, stand beside them.",
        ),
    ],
)
def test_what_longer_training_confounds_is_said(rows: list[dict[str, object]], said: str) -> None:
    """Captions name the methods that train longer than the dense models, and the reference that does as they do."""
    told = vars(Results)["longer_training"].func(SimpleNamespace(rows=lambda _: rows))
    assert told.endswith(said)
    assert not told or told.startswith(
        "IIBP-FT, IMP-FT, imp-5 train 4 to 6 times as long as the dense models"
        if LONGEST in rows
        else "IIBP-FT, IMP-FT train 4 times as long as the dense models"
    )
    assert bool(told) == bool(said)
