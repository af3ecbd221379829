"""Lay out a store: where everything lies in it, and what each file holds.

```
STORE/
  store.json                     the number of this layout, and the last generation of compacted records
  plans/<hash>.json              a resolved study, frozen, with the trials it planned
  tasks/<task>.json              kind, classes, fingerprint and split sizes of a task; letters of its name other than
                                 A-Z a-z 0-9 . _ ~ - are percent-encoded
  tasks/<task>.parquet           its examples (columns of tasks.base.TaskData.examples)
  data/<trial_id>.<attempt>.parquet   rows of one attempt (columns of runner.store.schema)
  commits/<trial_id>.json        the commit record: its existence makes the attempt it names visible
  compacted/<generation>.parquet the commit records that a compaction folded; the highest generation counts, and wins
                                 over records in commits/
  data/compacted-<generation>.<unique>.parquet   rows of the trials that it names, a hundred or more to a file
  data/merged-<generation>.<unique>.parquet      the same, of trials that a merge brought in
  extras/<trial_id>.<attempt>.<name>.safetensors   what an attempt kept beside its rows, or .parquet (runner.extras)
  readability/<task>-<split>-<fingerprint>.parquet   how hard its texts are to read; computed again if removed
  efficiency/<trial_id>.<storage or latency>.json   bytes and times of a kept network; measured again if removed
  votes/<generation>.<unique>.parquet   what cells answer together, counted by that compaction; may be lost
  failures/<trial_id>.json       the last traceback of a trial that has not committed
  checkpoints/<trial_id>/        state of a running trial, or a dense parent's trained state
  sessions/                      lease of the driver at work and event logs, one JSON line an event
  damaged/<time>/                what `piesweep verify --repair` has set aside, in the folders it came from
```

Records (JSON) begin with the SHA-256 of their own text (`runner.store.sealing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.store.names import file_name

LAYOUT = 1
"""The number of this layout: raised when a version that knows it would misread what a later one writes."""


@dataclass(frozen=True)
class Layout:
    """Paths inside the store at `root`; nothing is created."""

    root: Path

    @property
    def card(self) -> Path:
        return self.root / "store.json"

    @property
    def plans(self) -> Path:
        return self.root / "plans"

    @property
    def tasks(self) -> Path:
        return self.root / "tasks"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def commits(self) -> Path:
        return self.root / "commits"

    @property
    def compacted(self) -> Path:
        return self.root / "compacted"

    @property
    def extras(self) -> Path:
        return self.root / "extras"

    @property
    def readability(self) -> Path:
        return self.root / "readability"

    @property
    def efficiency(self) -> Path:
        return self.root / "efficiency"

    @property
    def votes(self) -> Path:
        return self.root / "votes"

    @property
    def failures(self) -> Path:
        return self.root / "failures"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def sessions(self) -> Path:
        return self.root / "sessions"

    @property
    def damaged(self) -> Path:
        return self.root / "damaged"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder of a store, in which alone anything is written or removed."""
        rows = (self.data, self.commits, self.compacted, self.votes, self.extras)
        beside = (self.readability, self.efficiency)
        return (*rows, self.plans, self.tasks, *beside, self.failures, self.checkpoints, self.sessions)

    def commit(self, trial_id: str) -> Path:
        return self.commits / f"{trial_id}.json"

    def failure(self, trial_id: str) -> Path:
        return self.failures / f"{trial_id}.json"

    def checkpoint(self, trial_id: str) -> Path:
        return self.checkpoints / trial_id

    def task_card(self, task: str) -> Path:
        return self.tasks / f"{file_name(task)}.json"

    def task_examples(self, task: str) -> Path:
        return self.tasks / f"{file_name(task)}.parquet"
