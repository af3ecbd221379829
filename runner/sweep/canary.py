"""The copies of trials by which a study compares the vendors of a cluster's devices."""

from __future__ import annotations

from collections.abc import Sequence

from runner.plan import canaries
from runner.spec import TrialSpec
from runner.studies import Study
from runner.sweep.environment import prepare
from runner.sweep.stopping import StopRequest
from runner.vendors import Vendor


def copies(study: Study, trials: Sequence[TrialSpec], address: str | None, stop: StopRequest) -> tuple[TrialSpec, ...]:
    """The copies of a study's trials for every vendor of the cluster at hand.

    Also where there is one vendor only: another cluster may run the study on another vendor's devices, into this store
    or into one that is merged with it. Trials that need no GPU have one kind of device, the processor.
    """
    if not study.canary:
        return ()
    needs_gpu = {model.name: study.resources.of_model(model.name)[1] > 0 for model in study.models}
    gpus = _gpu_vendors(address, stop) if any(needs_gpu.values()) else ()
    return canaries(trials, study.canary, lambda spec: gpus if needs_gpu[spec.model] else ("cpu",))


def _gpu_vendors(address: str | None, stop: StopRequest) -> tuple[Vendor, ...]:
    prepare(address)
    from runner.sweep.driver import joined
    from runner.sweep.nodes import gpu_nodes

    with joined(address, stop):
        return tuple(gpu_nodes())
