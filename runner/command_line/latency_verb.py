"""`piesweep latency`: seconds a text of a network that a trial kept, on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.arguments import AsJson, StoreArgument
from runner.command_line.export_model_verb import TrialArgument
from runner.command_line.output import print_facts, print_json, print_table, say

if TYPE_CHECKING:
    from runner.export.latency import Measured

PAPER = (
    "The paper's 2.7 times (Ren and Zhu 2023, Table 7: BERT at 80 %, batch 1, Xeon E5-2640) is that of DeepSparse, a "
    "runtime that is no longer maintained. It stands here to be compared with; nothing here promises it."
)


def latency(
    store: StoreArgument,
    trial: TrialArgument,
    *,
    threads: Annotated[int, typer.Option(min=1, max=1024, help="Of torch, for all three networks.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the times in the store, for its reports.")] = False,
    seconds: Annotated[float, typer.Option(min=0.0, max=3600.0, help="Of measuring, for each batch size.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Time a kept network at batch 1 and 32: dense fp32, dense INT8, and sparse, in one run.

    sparse: each layer without its empty rows and columns, dense or in CSR, whichever a timing at load finds faster.
    """
    from runner.export.kept_network import kept_network, kept_record
    from runner.export.latency import measure
    from runner.store.files.scratch import scratch_folder

    record = kept_record(store, trial)
    with scratch_folder("latency") as cache:
        found = measure(kept_network(store, record, cache), threads=threads, seconds=seconds)
    if keep:
        _keep(store, record.trial_id, found)
    if as_json:
        print_json(asdict(found))
    else:
        _tell(found)


def _keep(store: Path, trial_id: str, found: Measured) -> None:
    from runner.store.efficiency import Efficiency, Latency
    from runner.store.efficiency import keep as keep_in
    from runner.store.time_now import time_now
    from runner.trial.devices import processor_name

    times = tuple(
        Latency(
            network=one.network,
            batch=one.batch,
            seconds=one.median,
            lower=one.lower,
            upper=one.upper,
            measurements=one.measurements,
        )
        for one in found.latencies
    )
    measured = Efficiency(
        trial_id=trial_id, measured_at=time_now(), machine=processor_name(), threads=found.threads, latencies=times
    )
    keep_in(store, "latency", measured)


def _tell(found: Measured) -> None:
    dense = {one.batch: one.median for one in found.latencies if one.network == "dense fp32"}
    rows = [
        (
            one.network,
            one.batch,
            f"{1000 * one.median:.3f}",
            f"{1000 * one.lower:.3f} to {1000 * one.upper:.3f}",
            f"{dense[one.batch] / one.median:.2f}",
            one.measurements,
        )
        for one in found.latencies
    ]
    columns = ("network", "batch", "ms a text, median", "middle half", "times dense fp32", "measurements")
    print_table(columns, rows)
    forms = {f"layers at batch {batch}": _counted(each) for batch, each in found.forms.items()}
    print_facts(
        {
            "removed": f"{100 * found.sparsity:.1f} % of the prunable weights",
            "threads": found.threads,
            "subnormal weights": f"{found.subnormal:,}, set to zero in all three",
            **{f"rows at batch {batch}": count for batch, count in found.tokens.items()},
            **forms,
        }
    )
    say(PAPER)


def _counted(forms: dict[str, int]) -> str:
    return ", ".join(f"{count} {form}" for form, count in forms.items())
