"""Choose how trials are computed: by one process each, or by several over which a network is sharded."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from runner.studies.training import Whole


class StrategyChoice(BaseModel):
    """One process a trial, or DeepSpeed: so many processes, and how much of the network ZeRO shards over them.

    stage: 1 the optimizer's state, 2 gradients too, 3 weights too; where nothing is said 2, and two processes. Neither
    enters a trial's id: like the device, they change results by rounding alone. What dropout draws depends on
    `training.micro_batches`, which does enter it, and which the processes share.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["single", "deepspeed"]
    stage: Annotated[int, Field(strict=True, ge=1, le=3)] | None = None
    processes: Whole | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_if_single(self) -> StrategyChoice:
        if self.name == "single" and (self.stage or self.processes):
            raise ValueError("a trial of strategy single is one process; for several: {name: deepspeed, processes: 2}")
        return self

    @property
    def is_sharded(self) -> bool:
        return self.name == "deepspeed"

    @property
    def count(self) -> int:
        """Processes that compute a trial."""
        return (self.processes or 2) if self.is_sharded else 1

    @property
    def zero_stage(self) -> int:
        """The stage of ZeRO; 0 shards nothing."""
        return (self.stage or 2) if self.is_sharded else 0


SINGLE = StrategyChoice(name="single")
