"""Score how hard a text is to read: seven published scores as textstat computes them, and its length in tokens."""

from __future__ import annotations

from analysis.readability.cache import ensure_scores
from analysis.readability.dictionary import ReadabilityError

__all__ = ["ReadabilityError", "ensure_scores"]
