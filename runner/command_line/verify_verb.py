"""`piesweep verify`: whether a store is what was written, and what can be done where it is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.arguments import AsJson, StoreFolder

if TYPE_CHECKING:
    from runner.store.repair import Repaired


def verify(
    store: StoreFolder,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Set damaged files aside in damaged/ and void trials that rest on them; a run trains these again.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every invariant of a store against its bytes; exit 1 with each broken one named."""
    from runner.store.repair import repair as mend
    from runner.store.verify import findings

    mended = None
    if repair and any(not one.is_remark for one in findings(store)):
        mended = mend(store)
    found = findings(store)
    broken = [one.sentence for one in found if not one.is_remark]
    remarks = [one.sentence for one in found if one.is_remark]
    if as_json:
        said = {"sound": not broken, "broken": broken, "remarks": remarks}
        if mended:
            said |= {"voided": list(mended.voided), "set_aside": list(mended.set_aside)}
        typer.echo(json.dumps(said))
    else:
        if mended:
            _tell(mended)
        for sentence in (*broken, *(f"remark: {remark}" for remark in remarks)):
            typer.echo(sentence, err=True)
        typer.echo(f"{store}: {f'{len(broken)} invariants broken' if broken else 'sound'}")
    raise typer.Exit(1 if broken else 0)


def _tell(mended: Repaired) -> None:
    """What a repair did, before it is said how the store is now."""
    for name in mended.set_aside:
        typer.echo(f"set aside: {name}")
    if mended.set_aside:
        typer.echo(f"what was set aside lies in {mended.folder}")
    if mended.voided:
        count = len(mended.voided)
        typer.echo(f"voided: {count} trials ({', '.join(mended.voided[:8])}{', ...' if count > 8 else ''})")
        typer.echo("run their study again, or ingest their predictions again, and they come back")
