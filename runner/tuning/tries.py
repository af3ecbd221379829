"""The study that tries what was drawn: every draw of a model is a model of its own, dense and under one seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.studies import Study, StudyError, checks
from runner.studies.grid import Block
from runner.studies.study import ModelChoice, RecordChoice, Resources
from runner.studies.training import StudyTraining, TrainingSettings, cell_name
from runner.studies.tuning import StudyTuning

if TYPE_CHECKING:
    from runner.tuning.draws import Draw


@dataclass(frozen=True, kw_only=True)
class Try:
    """One draw for one task and model: its number from 0, and what it sets."""

    task: str
    model: str
    number: int
    settings: Draw

    @property
    def drawn_model(self) -> str:
        """The model that it is in the study of draws."""
        return f"{self.model}.{self.number:04d}"


def tries(study: Study, budget: int) -> list[Try]:
    """Every draw of a study, by task, model and number. StudyError where it does not say what to search."""
    cells = [(task.name, model.name) for task, model in study.pairs]
    silent = [cell for cell in cells if not study.tuning.of_cell(*cell).is_searched]
    if silent:
        cell = cell_name(*silent[0])
        raise StudyError(
            f"study '{study.name}' does not say where to search for {', '.join(cell_name(*cell) for cell in silent)}; "
            f"give ranges, such as tuning.epochs=[2, 6] tuning.learning_rate=[2e-5, 2e-4] (or tuning.cells.{cell}."
            "epochs=[2, 6]), or name fewer tasks=[...] and models=[...]"
        )
    from runner.tuning.draws import draws

    return [
        Try(task=task, model=model, number=number, settings=settings)
        for task, model in cells
        for number, settings in enumerate(draws(study.tuning.of_cell(task, model), budget, task, model))
    ]


def study_of(study: Study, tried: Sequence[Try]) -> Study:
    """The study whose trials are these draws: no pruning, the study's first seed, validation answers recorded.

    StudyError where a draw is no setting to train with (a warm-up longer than the fewest epochs, say).
    """
    chosen = {model.name: model for model in study.models}
    models = {one.drawn_model: chosen[one.model] for one in tried}
    needs = study.resources.models
    result = study.model_copy(
        update={
            "name": f"{study.name}.tuning",
            "description": f"A random search for training settings of {study.name}.",
            "models": tuple(
                ModelChoice(name=name, model=model.model, options=dict(model.options)) for name, model in models.items()
            ),
            "methods": (),
            "sparsities": (),
            "grid": _blocks(tried) if study.grid else (),
            "references": (),
            "seeds": study.seeds[:1],
            "hypotheses": (),
            "canary": 0,
            "training": _training(study, tried),
            "tuning": StudyTuning(),
            "resources": Resources(
                cpus=study.resources.cpus,
                gpus=study.resources.gpus,
                models={name: needs[model.name] for name, model in models.items() if model.name in needs},
            ),
            "record": RecordChoice(splits=("validation",)),
        }
    )
    problems = checks.problems(result)
    if problems:
        raise StudyError(f"{len(problems)} draws cannot be tried, the first because {problems[0].message}")
    return result


def _blocks(tried: Sequence[Try]) -> tuple[Block, ...]:
    """The draws of each task that are trained on it, where the study has blocks: not every model is for every task."""
    models: dict[str, dict[str, None]] = {}
    for one in tried:
        models.setdefault(one.task, {})[one.drawn_model] = None
    return tuple(Block(tasks=(task,), models=tuple(own), methods=(), sparsities=()) for task, own in models.items())


def _training(study: Study, tried: Sequence[Try]) -> StudyTraining:
    """For every draw what the study says of its cell, and on top of it what was drawn."""
    return StudyTraining(
        cells={
            cell_name(one.task, one.drawn_model): TrainingSettings(
                **(study.training.of_cell(one.task, one.model) | one.settings)
            )
            for one in tried
        }
    )
