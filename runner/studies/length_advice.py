"""What pruned models owe to longer training, said before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.methods import REFERENCES
from runner.pruning.schedules import schedule_of

LONGER = "dense-4e"
"""The line of REFERENCES whose length a study can choose."""

if TYPE_CHECKING:
    from runner.studies.study import Study


def length_advice(study: Study) -> Iterator[str]:
    """A line on each length of training that pruned models have and no dense one, if the study has references."""
    if not study.references:
        return
    times = {
        name: schedule_of(choice.line.schedule, choice.settings).total_epochs(1)
        for name, choice in study.method_choices.items()
    }
    there = {1, *(times[reference.name] for reference in study.references)}
    for method in study.methods:
        phases = times[method.name]
        if phases not in there:
            there.add(phases)
            plain = phases == REFERENCES[LONGER].options["phases"]
            mend = LONGER if plain else f"{{name: dense-{phases}e, method: {LONGER}, phases: {phases}}}"
            yield (
                f"references: none trains {phases} times as long as the dense models, and {method.name} does; add "
                f"{mend}, or what more training does is part of what it shows"
            )
