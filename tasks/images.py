"""Say what is known of a task's images: their size, how a network sees their values, how training varies them."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Variation = Literal["flip", "crop"]
"""flip: left and right change places for every other image; crop: a window that lies anywhere over a black margin."""


class Images(BaseModel):
    """What all images of a task have in common; the examples hold their values, in the column pixels.

    Of each image pixels has the bytes row by row, the channels of a pixel side by side. mean, deviation: one a channel;
    a network sees (byte / 255 - mean) / deviation. variations: what training does to them unless a study says
    otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    height: int = Field(ge=1)
    width: int = Field(ge=1)
    channels: Literal[1, 3]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    variations: tuple[Variation, ...] = ()

    @property
    def bytes(self) -> int:
        """Of one image."""
        return self.height * self.width * self.channels


def square_of(numbers: int) -> Images | None:
    """What grey images of so many numbers, from 0 to 1, have in common where they are squares; else None."""
    side = math.isqrt(numbers)
    if not numbers or side * side != numbers:
        return None
    return Images(height=side, width=side, channels=1, mean=(0.0,), deviation=(1.0,))
