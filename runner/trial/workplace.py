"""The workplace of a trial: where it works, and what it asks and tells whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runner.trial.devices import Requested
from runner.trial.processes import ALONE, Processes


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where a trial works; nothing here may change its result.

    root: the store. cache: a folder of this node for tokenised texts and fetched weights. threads: of torch.
    zero_stage: how much of the network is sharded over the processes (`runner.trial.sharding.shards`), 0 for nothing.
    """

    root: Path
    cache: Path
    threads: int = 1
    device: Requested = "auto"
    processes: Processes = ALONE
    zero_stage: int = 0


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What a trial asks and tells whoever runs it, after every epoch.

    should_stop: True makes it save its state and return. superseded: True makes it return at once and write nothing,
    since another driver has taken its trial over. on_epoch: epochs done, epochs in all. on_damage: is told of a
    checkpoint that could not be restored and was set aside, and from where the trial begins instead.
    """

    should_stop: Callable[[], bool] = lambda: False
    superseded: Callable[[], bool] = lambda: False
    on_damage: Callable[[str], None] = lambda message: None
    on_epoch: Callable[[int, int], None] = lambda done, total: None
