"""How good an answer to a question about a passage is: exact match and F1, as SQuAD's own script has them."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> list[str]:
    """The words that count: in lower case, without punctuation and articles (Rajpurkar et al. 2016, section 6.1)."""
    return ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()


def exact(answer: str, references: Iterable[str]) -> bool:
    """Whether the answer is one of the references, both normalised."""
    said = normalised(answer)
    return any(said == normalised(one) for one in references)


def f1(answer: str, references: Iterable[str]) -> float:
    """The best F1 of the words of the answer and of a reference; 0 where they share none."""
    said = normalised(answer)
    return max((_f1(said, normalised(one)) for one in references), default=0.0)


def _f1(said: list[str], true: list[str]) -> float:
    shared = sum((Counter(said) & Counter(true)).values())
    return 2 * shared / (len(said) + len(true)) if shared else 0.0
