"""What a commit record says of a file that its trial keeps beside its rows."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from runner.store.names import ExtraName, Sha256, StoredExtra


class ExtraFile(BaseModel):
    """One file that a trial keeps beside its rows (`runner.extras`): path, size in bytes, SHA-256 of its bytes.

    content: a hash of what it says, which is the same in whatever bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ExtraName
    path: StoredExtra
    bytes: int = Field(ge=0)
    sha256: Sha256
    content: Sha256
