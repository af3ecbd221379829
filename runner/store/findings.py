"""The findings on a store: one sentence for each thing wrong, with the trials and files that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    trials: ids of the committed trials whose rows can no longer be believed because of it. files: what cannot be used
    any more and may be set aside. missing: ids of trials that have lost their record. is_remark: True for what is worth
    a word and breaks nothing.
    """

    sentence: str
    trials: frozenset[str] = frozenset()
    files: tuple[Path, ...] = ()
    missing: frozenset[str] = frozenset()
    is_remark: bool = False
