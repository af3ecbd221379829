"""`piesweep storage`: the bytes of a network that a trial kept, in four encodings side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.arguments import AsJson, StoreArgument
from runner.command_line.export_model_verb import TrialArgument
from runner.command_line.output import bytes_text, print_json, print_table, say

if TYPE_CHECKING:
    from runner.export.encodings import Storage

PAPER = (
    "The paper's 8.9 times (Ren and Zhu 2023, Table 7: BERT at 80 %, INT8 in CSR, 340 MB of encoder and classifier "
    "alone) measures an encoding as much as pruning: compare each ratio with the control's."
)


def storage(
    store: StoreArgument,
    trial: TrialArgument,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the numbers in the store, for its reports.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a kept network takes in four encodings, with embeddings and without; one is a control.

    The control is dense INT8 with gzip, which needs no sparse format: no ratio is shown without it.
    """
    from runner.export.encodings import storage_of
    from runner.export.kept_network import embeddings_of, kept_network, kept_record
    from runner.store.files.scratch import scratch_folder

    record = kept_record(store, trial)
    with scratch_folder("storage") as cache:
        kept = kept_network(store, record, cache)
    found = storage_of(kept.model.state, kept.model.masks, embeddings_of(kept.network))
    if keep:
        _keep(store, record.trial_id, found)
    if as_json:
        print_json([_said(one) for one in found])
        return
    _tell(found)
    say(PAPER)


def _keep(store: Path, trial_id: str, found: list[Storage]) -> None:
    from runner.store.efficiency import Efficiency, Size
    from runner.store.efficiency import keep as keep_in
    from runner.store.time_now import time_now

    keep_in(
        store,
        "storage",
        Efficiency(
            trial_id=trial_id,
            measured_at=time_now(),
            sizes=tuple(
                Size(encoding=one.encoding, embeddings=one.embeddings, bytes=one.bytes, fp32_bytes=one.fp32_bytes)
                for one in found
            ),
        ),
    )


def _said(one: Storage) -> dict[str, object]:
    return {
        "encoding": one.encoding,
        "embeddings": one.embeddings,
        "bytes": one.bytes,
        "fp32_bytes": one.fp32_bytes,
        "ratio": one.ratio,
    }


def _tell(found: list[Storage]) -> None:
    from runner.export.encodings import CONTROL, SCHEMES

    controls = {one.embeddings: one.ratio for one in found if one.encoding == CONTROL}
    rows = [
        (
            SCHEMES[one.encoding].title,
            "with" if one.embeddings else "without",
            bytes_text(one.bytes),
            f"{one.ratio:.1f}",
            f"{controls[one.embeddings]:.1f}",
        )
        for one in found
    ]
    print_table(("encoding", "embeddings", "size", "times smaller than fp32", "control's"), rows)
