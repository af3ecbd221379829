"""A piece of a method with what a study chooses of it. Needs no torch, so that plans can ask."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

Piece = TypeVar("Piece")


def with_options(piece: Piece, options: Mapping[str, Any]) -> Piece:
    """A schedule, teacher or other piece with those of a method's options that are fields of it.

    A piece that is no dataclass has no options. ValueError for values that do not go together.
    """
    if not dataclasses.is_dataclass(piece) or isinstance(piece, type):
        return piece
    own = {field.name for field in dataclasses.fields(piece)}
    changes = {key: value for key, value in options.items() if key in own and value != getattr(piece, key)}
    return dataclasses.replace(piece, **changes) if changes else piece  # plans ask for every trial
