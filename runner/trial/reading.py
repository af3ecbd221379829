"""Ask whether the networks of a plan can read the words of their tasks, before anything is written.

Reads every split once for each network; what a node keeps of that, its trials find there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.heads import head_for
from runner.models import MODELS, ModelError, load_module
from runner.spec import TrialSpec
from runner.trial.assembly import context_of
from runner.trial.workplace import Workplace
from tasks.base import SPLITS, TaskData
from tasks.kinds import KINDS
from tasks.kinds.base import BY_WORD


def require_words(specs: Iterable[TrialSpec], tasks: Mapping[str, TaskData], cache: Path) -> None:
    """ModelError for a tokenizer that loses words, and for a question that leaves no room for windows."""
    cells = {(spec.task, spec.model): spec for spec in specs if KINDS[tasks[spec.task].kind].reads in BY_WORD}
    for spec in cells.values():
        data = tasks[spec.task]
        context = context_of(spec, Workplace(root=cache, cache=cache), data, head_for(data))
        module = load_module(MODELS[spec.architecture])
        for split in SPLITS:
            rows = data.split(split)
            try:
                if rows.num_rows:
                    module.encode(context, rows)
            except ModelError as error:
                raise ModelError(f"{spec.model} on {spec.task}, {split}: {error}") from None
