"""What a study's choice of a task comes to where it may say less than the task: its kind, and how it is answered."""

from __future__ import annotations

from tasks import TASKS
from tasks.base import TaskChoice, TaskError
from tasks.bleurt import BLEURT
from tasks.kinds import KINDS
from tasks.own_fields import own_kind


def kind_of(choice: TaskChoice) -> str:
    """The kind of answer of a registered task, or that which a task of the user's own declares."""
    return TASKS[choice.name].kind if choice.name in TASKS else own_kind(choice)


def stride_of(choice: TaskChoice) -> int:
    """How many tokens apart windows of long passages begin: as a study says, else as its task does; 0 for none."""
    registered = TASKS.get(choice.name)
    return choice.stride if choice.stride is not None else registered.stride if registered else 0


def beams_of(choice: TaskChoice) -> int:
    """Of how many beginnings texts are written at once: as a study says, else as its task does."""
    registered = TASKS.get(choice.name)
    return choice.beams if choice.beams is not None else registered.beams if registered else 1


def metrics_of(choice: TaskChoice) -> tuple[str, ...]:
    """By what answers are scored: as a study says, else as its task does, and last BLEURT where it has a checkpoint.

    Nothing for the metrics of the kind.
    """
    own = TASKS[choice.name].metrics if choice.name in TASKS else ()
    named = own if choice.metrics is None else choice.metrics
    if choice.bleurt is None or BLEURT in named or choice.metrics == ():  # which is refused
        return named
    return (*(named or KINDS[kind_of(choice)].metrics), BLEURT)


def check_reading(choice: TaskChoice) -> None:
    """TaskError for a choice of how networks read or write, on a task of which they do not do so."""
    if choice.stride is not None and kind_of(choice) != "span":
        raise TaskError(f"task '{choice.name}': stride is for questions about passages; remove it")
    if choice.beams is not None and kind_of(choice) != "generation":
        raise TaskError(f"task '{choice.name}': beams are for texts that are written; remove them")
    if choice.bleurt is not None and kind_of(choice) != "generation":
        raise TaskError(f"task '{choice.name}': bleurt scores texts that are written; remove it")
    if choice.max_tokens is not None and stride_of(choice) >= choice.max_tokens:
        raise TaskError(
            f"task '{choice.name}': stride is {stride_of(choice)} and max_tokens {choice.max_tokens}: between two "
            "windows words would be read by none; take a stride of a third of max_tokens, or 0 for no windows"
        )
