"""Name what weights are ranked against each other: the scopes of a decision. Needs no torch."""

from __future__ import annotations

from typing import Literal

Scope = Literal["layerwise", "global", "filterwise"]
"""The weights of each layer; those of the whole network; the filters of each convolution."""
