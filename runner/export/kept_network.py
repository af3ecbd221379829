"""Build the network that a trial kept, from its store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from runner.heads import head_for
from runner.models import MODELS, load_module
from runner.models.base import ModelContext
from runner.spec import TrialSpec
from runner.store import reader
from runner.store.errors import StoreError
from runner.store.extra_files import read_extra
from runner.store.schema import CommitRecord
from runner.trial.assembly import context_of
from runner.trial.extras.model import KeptModel, restored
from runner.trial.workplace import Workplace
from tasks.base import SPLITS, TaskData

SHORTEST = 4
"""Letters of an id that name a trial, where no other begins so."""


@dataclass(frozen=True, kw_only=True)
class KeptNetwork:
    """A network that a trial kept, ready to answer, with its record, its data and what its architecture was told."""

    record: CommitRecord
    spec: TrialSpec
    data: TaskData
    context: ModelContext
    module: Any
    network: nn.Module
    model: KeptModel

    def inputs(self, count: int, split: str | None = None) -> dict[str, Tensor]:
        """The inputs of the first examples of a split, or of the last split that has any."""
        having = [name for name in SPLITS if self.data.split(name).num_rows and split in (None, name)]
        examples = self.data.split(having[-1]).slice(0, count)
        encoded = self.module.encode(self.context, examples)
        found: dict[str, Tensor] = encoded.inputs(np.arange(examples.num_rows))
        return found


def embeddings_of(network: nn.Module) -> list[str]:
    """The names of the tensors of a network that are embeddings: those of words, places and segments."""
    tables = [name for name, module in network.named_modules() if isinstance(module, nn.Embedding)]
    return [f"{name}.weight" for name in tables]


def kept_record(root: Path, trial: str) -> CommitRecord:
    """The record of a trial that has kept its network, by its id or how that begins. StoreError for any other."""
    reader.open_store(root)
    ids = sorted(reader.committed_ids(root))
    found = [one for one in ids if one.startswith(trial)] if len(trial) >= SHORTEST else []
    if len(found) != 1:
        said = "begins several ids" if found else "is the id of no committed trial"
        raise StoreError(
            f"'{trial}' {said} of {root}; give an id, or at least its first {SHORTEST} digits: piesweep sql {root} "
            '"SELECT trial_id, task, model, method, sparsity, seed FROM trials" lists them'
        )
    record = reader.commit_record(root, found[0])
    if record is None:
        raise StoreError(f"trial {found[0]} has no record in {root}; run piesweep verify")
    if not any(file.name == "model" for file in record.extras):
        raise StoreError(f"trial {found[0]} has kept no model; trials of a study with record: {{model: true}} do")
    return record


def kept_network(root: Path, record: CommitRecord, cache: Path) -> KeptNetwork:
    """The network of a record of `kept_record`. cache: a folder for tokenised texts.

    StoreError for damaged bytes, ModelError where what the network was made from (a checkpoint) cannot be had.
    """
    model = restored(read_extra(root, record, "model"))
    spec = TrialSpec.from_settings(record.settings)
    data = reader.task_data(root, spec.task)
    context = context_of(spec, Workplace(root=root, cache=cache), data, head_for(data))
    module = load_module(MODELS[spec.architecture])
    network = module.build(context)
    network.load_state_dict(model.state)
    return KeptNetwork(
        record=record,
        spec=spec,
        data=data,
        context=context,
        module=module,
        network=network.eval(),
        model=model,
    )
