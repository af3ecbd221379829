"""The driver of a small study with copies for every vendor, on a cluster whose GPUs are pretended.

    python -m tests.cluster.two_vendors ADDRESS STORE

torch here has no GPU: trials compute on the processor and are told which vendor to take it for. Everything else is as
it is: the plan, Ray's counting, sharing and hiding of GPUs, the choice of nodes, commits. Every trial leaves a line of
what it saw beside the store.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from pathlib import Path

from runner.sweep.environment import prepare

prepare(sys.argv[1])

import ray  # noqa: E402

from runner.plan import canaries, identify, plan  # noqa: E402
from runner.store.writer import freeze_plan, save_task  # noqa: E402
from runner.studies import load  # noqa: E402
from runner.sweep.driver import Execution, cluster, drive  # noqa: E402
from runner.sweep.jobs import Job, missing_jobs  # noqa: E402
from runner.sweep.nodes import gpu_nodes  # noqa: E402
from runner.sweep.stopping import StopRequest  # noqa: E402
from runner.sweep.worker import Assignment, assigned_gpus, train_and_prune  # noqa: E402
from runner.vendors import Vendor, has_amdsmi  # noqa: E402
from tasks.catalogue import open_task  # noqa: E402

STUDY = """
name: two-vendors
tasks: [digits]
models: [convnet]
methods: [imp-ft]
sparsities: [0.9]
seeds: 2
canary: 2
training: {epochs: 1, batch_size: 64, learning_rate: 0.003}
resources: {cpus: 1, gpus: 0.5}
"""
SECONDS = 1.0
"""That every trial lasts at least, so that those that share a GPU are seen together."""


def pretended_vendor() -> Vendor:
    """Nodes on which Ray finds the package amdsmi have AMD's GPUs."""
    return "amd" if has_amdsmi() else "nvidia"


def seen(job: Job, began: float) -> dict[str, object]:
    """What a trial saw of its GPUs, and when."""
    return {
        "canary": job.spec.canary,
        "method": job.spec.method,
        "vendor": pretended_vendor(),
        "node": ray.get_runtime_context().get_node_id(),
        "assigned": assigned_gpus(),
        "hip": os.environ.get("HIP_VISIBLE_DEVICES"),
        "rocr": os.environ.get("ROCR_VISIBLE_DEVICES"),
        "cuda": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "began": began,
        "ended": time.time(),
    }


def train(job: Job, assignment: Assignment) -> str:
    """The real work, on a processor that is taken for a GPU of the node's vendor."""
    import runner.trial.assembly
    import runner.trial.devices

    began = time.time()
    choose = runner.trial.devices.choose_device

    def pretend(_requested: object) -> runner.trial.devices.Device:
        return dataclasses.replace(choose("cpu"), vendor=pretended_vendor(), name="pretended")

    vars(runner.trial.assembly)["choose_device"] = pretend
    ending = train_and_prune(job, assignment)
    time.sleep(max(0.0, SECONDS - (time.time() - began)))
    (Path(assignment.root).parent / f"{job.trial_id}.seen.json").write_text(json.dumps(seen(job, began)))
    return ending


class Silent:
    """A watcher that is told and says nothing, but of deaths."""

    def started(self, job: Job) -> None:
        """Nothing to note."""

    def ended(self, job: Job, ending: str) -> None:
        """Nothing to note."""

    def died(self, trial_id: str, cause: str) -> None:
        """Printed, for whoever reads why the test failed."""
        print(trial_id, cause, file=sys.stderr)


def main() -> None:
    """Run the study and its copies on the cluster at the address."""
    address, root = sys.argv[1], Path(sys.argv[2])
    root.parent.mkdir(parents=True, exist_ok=True)
    (root.parent / "study.yaml").write_text(STUDY)
    study = load(str(root.parent / "study.yaml"))
    data = open_task(study.tasks[0])
    specs = identify(plan(study), {"digits": data.fingerprint}).trials
    save_task(root, data)
    with cluster(address):
        vendors = gpu_nodes(pretended_vendor)
        specs += canaries(specs, study.canary, lambda _: vendors)
        freeze_plan(root, study.model_dump(mode="json"), specs)
        execution = Execution(
            needs=lambda job: study.resources.of_model(job.spec.model), retries=0, work=train, ask=pretended_vendor
        )
        assignment = Assignment(
            root=str(root), cache=str(root.parent / "cache"), threads=1, stop_file=str(root.parent / "stop")
        )
        drive(missing_jobs(specs, root), assignment, execution, Silent(), StopRequest(1.0))
    print(json.dumps({"vendors": vendors}))


if __name__ == "__main__":
    main()
