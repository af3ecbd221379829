"""The kinds of answer that tasks have."""

from __future__ import annotations

from tasks.kinds.base import Kind
from tasks.kinds.generation import Generation
from tasks.kinds.multi_label import MultiLabel
from tasks.kinds.regression import Regression
from tasks.kinds.single_label import SingleLabel
from tasks.kinds.span import Span
from tasks.kinds.tagging import Tagging

KINDS: dict[str, Kind] = {
    "single-label": SingleLabel(),
    "multi-label": MultiLabel(),
    "regression": Regression(),
    "tagging": Tagging(),
    "span": Span(),
    "generation": Generation(),
}
"""Name -> kind; a line here, a file beside it, a head in runner/heads and a folder in analysis/sql/kinds."""
