"""BLEURT (Sellam et al. 2020): the metric's name, and what is known of the checkpoint that it is measured with.

Whether a folder holds one says `tasks.bleurt_folder`; a trial computes it (`runner.trial.bleurt`), since that takes
torch.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

BLEURT = "bleurt"
"""The metric, and the key of a task that names the folder of its checkpoint."""


class Checkpoint(BaseModel):
    """A checkpoint of BLEURT: where it lies, and the SHA-256 of its files, which tells whose scores may be compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
