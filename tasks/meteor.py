"""Meteor 1.5 (Denkowski and Lavie 2014), which is a Java program: what NLTK has under that name is another measure."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

from tasks.base import TaskError

NEEDS = "Meteor 1.5 is a Java program: it needs pip install 'piesweep[meteor]' and a program java on the path"
MARK = "|||"
"""What parts texts in the program's own lines."""


def meteor(said: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """The score of all texts together, each with several references, as the E2E challenge has it: -l en -norm.

    A text without words, which the program cannot read, is one that shares nothing with its references.
    """
    require_meteor()
    texts = {row: [_plain(text) or "."] for row, text in enumerate(said)}
    true = {row: [_plain(text) for text in one] for row, one in enumerate(references)}
    try:
        score, _ = _program().compute_score(true, texts)
    except (OSError, ValueError) as error:
        raise TaskError(f"Meteor 1.5 ended early ({error}); see that java starts, with 2 GB of memory") from error
    return float(score)


def require_meteor() -> None:
    """TaskError where Meteor 1.5 or Java is missing."""
    there = {"pycocoevalcap": find_spec("pycocoevalcap") is not None, "java": shutil.which("java") is not None}
    if missing := [name for name, is_there in there.items() if not is_there]:
        raise TaskError(f"metric 'meteor' cannot be measured here: {' and '.join(missing)} missing. {NEEDS}")


@cache
def _program() -> Any:
    from pycocoevalcap.meteor.meteor import Meteor

    return Meteor()


def _plain(text: str) -> str:
    return " ".join(text.replace(MARK, " ").split())
