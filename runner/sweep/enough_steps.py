"""Ask whether trainings are long enough for methods that rank weights by whole windows of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.pruning.moment import Timeline
from runner.spec import TrialSpec
from runner.studies import StudyError
from tasks.base import TaskData


def require_windows(specs: Iterable[TrialSpec], tasks: Mapping[str, TaskData]) -> None:
    """StudyError for a trial in which weights are to go before its first window of steps has ended."""
    for spec in {spec.cell: spec for spec in specs}.values():
        window = 0 if spec.is_dense else spec.method_settings.get("window", 0)
        if not window or not spec.schedule:
            continue
        steps = -(-tasks[spec.task].split("train").num_rows // spec.training.batch_size)
        timeline = Timeline(spec.training.phases(spec.schedule), steps)
        first = next((step for step in range(window) if _goes(spec, timeline, step)), None)
        if first is not None:
            raise StudyError(
                f"'{spec.method}' on {spec.task}: weights go after step {first} of {timeline.steps}, and it ranks them "
                f"by windows of {window} steps, of which none has ended then; choose a later `begins` or a smaller "
                "`window`, or train longer"
            )


def _goes(spec: TrialSpec, timeline: Timeline, step: int) -> bool:
    """Whether anything is to be gone from this step on, which may lie beyond the training."""
    if step > timeline.steps or spec.schedule is None:
        return False
    return bool(spec.schedule.removed(timeline.at(step), spec.sparsity))
