"""A trial over several processes: Ray Train starts and places them, and ends all of them when one dies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import ray.train
from ray.train.torch import TorchTrainer

from runner.store.files.scratch import scratch_folder, sweep_scratch
from runner.sweep.jobs import Job
from runner.sweep.worker import Assignment, in_this_process, settle_in
from runner.trial.checkpoints import ParentMissing


@dataclass(frozen=True)
class SeveralProcesses:
    """Runs jobs over `processes` processes each, sharded by this stage of ZeRO.

    needs: model -> CPUs and GPUs of one process. Ray Train asks the cluster for them itself, so no more jobs may be
    started at once than fit it; the process that calls this only waits.
    """

    stage: int
    processes: int
    needs: Mapping[str, tuple[float, float]]

    def __call__(self, job: Job, assignment: Assignment) -> str:
        """How the job ended; an error with the traceback of the process that failed."""
        cpus, gpus = self.needs[job.spec.model]
        bundle = {"CPU": cpus, "GPU": gpus} if gpus else {"CPU": cpus}
        # A folder for Ray Train's own notes, of which nothing is ever read again: the store remembers.
        sweep_scratch(["train"])  # this may be a node on which no driver ever starts
        with scratch_folder("train") as scratch:
            trainer: Any = TorchTrainer(
                cast("Any", partial(_one_of_several, job, assignment, self.stage)),
                scaling_config=ray.train.ScalingConfig(
                    num_workers=self.processes, use_gpu=gpus > 0, resources_per_worker=bundle
                ),
                run_config=ray.train.RunConfig(name="trial", storage_path=str(scratch)),
            )
            try:
                result = trainer.fit()
            except ray.train.WorkerGroupError as error:
                if _is_orphaned(error):
                    return "orphaned"
                raise
        return str(result.return_value)


def _one_of_several(job: Job, assignment: Assignment, stage: int) -> str:
    """What each of the processes does: the trial, top to bottom, together with the others."""
    settle_in(assignment)
    return in_this_process(job, assignment, stage)


def _is_orphaned(error: ray.train.WorkerGroupError) -> bool:
    """True if a process failed because the state that its trial continues from is gone."""
    failures = error.worker_failures.values()
    return any(isinstance(getattr(failure, "_base_exc", failure), ParentMissing) for failure in failures)
