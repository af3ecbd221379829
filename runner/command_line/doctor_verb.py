"""`piesweep doctor`: whether this machine, a store's folder and a cluster can do what a sweep asks of them."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import platform
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from runner.command_line.group import FAILED
from runner.command_line.output import bytes_text, print_json, print_table, say
from runner.store.files.disk import nearest_folder
from runner.store.files.place import place
from runner.store.files.storage import storage

PACKAGES = (
    "torch",
    "ray",
    "transformers",
    "datasets",
    "duckdb",
    "pyarrow",
    "numpy",
    "scikit-learn",
    "pydantic",
    "typer",
)
OPTIONAL_PACKAGES = ("deepspeed",)
SKEW_SECONDS = 10.0
"""Between two clocks, beyond which they cannot be told to agree."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at: what was found, and what to do where that is not enough."""

    check: str
    ok: bool
    found: str
    advice: str = ""


def doctor(
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="With --chaos: changes to the study.")
    ] = None,
    *,
    store: Annotated[
        Path | None,
        typer.Option(parser=place, metavar="DIR", help="Also try what this store's folder or URL lies on."),
    ] = None,
    address: Annotated[str | None, typer.Option(help="Also ask every node of this Ray cluster.")] = None,
    chaos: Annotated[
        str | None, typer.Option(metavar="STUDY", help="Also run a miniature of this study, with and without kills.")
    ] = None,
    store_parent: Annotated[
        Path | None,
        typer.Option(help="With --chaos: a folder that every node sees; two small stores come and go in it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list instead of a table.")] = False,
) -> None:
    """Look at this machine, a store's file system and a cluster; with --chaos, prove that kills change no result.

    Exits 1 if something fails, 2 if the study cannot be rehearsed. --chaos takes at most five minutes: it runs two
    small stores of the study on the cluster at --address (or on this machine), kills drivers and trials of one of them,
    and compares what both say.
    """
    if chaos is not None and store_parent is None:
        raise typer.BadParameter("--chaos STUDY needs --store-parent DIR, a folder that every node of the cluster sees")
    changes = _miniature(chaos, overrides or []) if chaos is not None else []
    checks = [*_python(), *_packages(), *_devices(), _cache()]
    checks += [*(_store(store) if store else ()), *(_cluster(address, store or store_parent) if address else ())]
    if chaos is not None and store_parent is not None:
        checks.append(_chaos(chaos, changes, store_parent, address))
    if as_json:
        print_json([dataclasses.asdict(check) for check in checks])
    else:
        rows = [(check.check, "PASS" if check.ok else "FAIL", check.found, check.advice) for check in checks]
        print_table(("check", "", "found", "advice"), rows)
    if not all(check.ok for check in checks):
        raise typer.Exit(FAILED)


def _python() -> Iterator[Check]:
    enough = sys.version_info >= (3, 11)
    yield Check(
        check="python",
        ok=enough,
        found=f"{platform.python_version()} on {platform.platform()}",
        advice="" if enough else "use Python 3.11 or newer",
    )
    has_pip = importlib.util.find_spec("pip") is not None
    yield Check(
        check="pip",
        ok=True,
        found="present" if has_pip else "absent",
        advice="" if has_pip else "without pip, place the files of registry packages into the cache by hand",
    )


def _packages() -> Iterator[Check]:
    for name in (*PACKAGES, *OPTIONAL_PACKAGES):
        try:
            yield Check(check=name, ok=True, found=version(name))
        except PackageNotFoundError:
            optional = name in OPTIONAL_PACKAGES
            advice = f"optional: pip install piesweep[{name}]" if optional else f"pip install {name}"
            yield Check(check=name, ok=optional, found="not installed", advice=advice)


def _devices() -> Iterator[Check]:
    try:
        import torch

        from runner.trial.devices import choose_device, multiplies_bf16
    except ImportError as error:
        yield Check(check="device", ok=False, found=str(error), advice="install torch's build for this machine")
        return
    device = choose_device("auto")
    count = torch.cuda.device_count() if device.vendor != "cpu" else 0
    arithmetic = "bf16 in hardware" if multiplies_bf16(device) else "fp32"
    driver = f"driver {device.driver}" if device.driver else None
    below = ", ".join(filter(None, (device.vendor, device.runtime, device.kernels, driver)))
    yield Check(
        check="device",
        ok=True,
        found=f"{f'{count} x ' if count else ''}{device.name} ({below}), {arithmetic}",
        advice="" if count else "trials run on the processor; for GPUs install torch's CUDA or ROCm build",
    )


def _cache() -> Check:
    from tasks.registry_packages import cache_folder

    folder = cache_folder()
    error = _trial_of(folder, lambda own: (own / "written").write_bytes(b"1"))
    advice = "set PIESWEEP_CACHE to a folder that can be written" if error else ""
    return Check(check="cache", ok=not error, found=error or _room(folder, nearest_folder(folder)), advice=advice)


def _store(store: Path) -> Iterator[Check]:
    here = storage(store).folder(store)
    checks, advice = STORE_CHECKS, "keep the store on a local disk, NFS or Lustre, where commits are atomic"
    if here is None:
        checks, advice = OBJECT_CHECKS, "look at address and credentials; the storage must have conditional writes"
    for name, attempt in checks.items():
        error = _trial_of(store, attempt)
        yield Check(check=f"store: {name}", ok=not error, found=error or "works", advice=advice if error else "")
    if here is not None:
        yield _clocks(here)
        yield Check(check="store: room", ok=True, found=_room(store, here))


def _clocks(folder: Path) -> Check:
    from runner.store.session import clock_of

    lead = time.time() - clock_of(folder)
    ok = abs(lead) < SKEW_SECONDS
    found = f"this machine is {abs(lead):.2f} s {'ahead of' if lead > 0 else 'behind'} the clock that stamps files"
    advice = (
        "" if ok else "let both keep time (chrony, ntpd): a driver on a wrong clock is taken for dead, or for alive"
    )
    return Check(check="store: clock", ok=ok, found=found, advice=advice)


def _cluster(address: str, folder: Path | None) -> Iterator[Check]:
    """One line a node: its versions are those of this machine, it sees the folder, its clock agrees."""
    from runner.sweep.environment import cluster_address, prepare

    known = cluster_address(address)
    prepare(known)
    from runner.sweep.driver import cluster
    from runner.sweep.node_inventory import node_inventory, versions_here

    here = versions_here()
    seen = storage(folder).folder(folder) if folder is not None else None
    with cluster(known):
        nodes = node_inventory(seen)
    for node in nodes:
        wrong = [f"{name} {found}, here {here[name]}" for name, found in node.versions.items() if found != here[name]]
        wrong += [] if node.versions else ["no answer"]
        wrong += [f"does not see {folder}"] if seen and node.versions and not node.sees else []
        wrong += [f"its clock differs by {abs(node.lead):.0f} s"] if abs(node.lead) > SKEW_SECONDS else []
        yield Check(
            check=f"node {node.host}",
            ok=not wrong,
            found="; ".join(wrong) or "same versions" + (f", sees {folder}" if seen else ""),
            advice="make every node alike: same environment, same shared folder, same time" if wrong else "",
        )


def _miniature(study: str, overrides: list[str]) -> list[str]:
    from runner.sweep.rehearsal import miniature

    return miniature(study, overrides)


def _chaos(study: str, changes: list[str], parent: Path, address: str | None) -> Check:
    from runner.sweep.environment import cluster_address
    from runner.sweep.rehearsal import RehearsalError, rehearse

    try:
        came = rehearse(study, changes, parent, cluster_address(address), lambda line: say(line, err=True))
    except RehearsalError as error:
        return Check(check="chaos", ok=False, found=str(error), advice="mend what it says, then try again")
    kills = f"{came.driver_kills} drivers and {came.worker_kills} trials killed, {came.restored} checkpoints restored"
    if came.passed:
        same = f"digest {came.disturbed[:16]} with and without"
        return Check(check="chaos", ok=True, found=f"{came.trials} trials in {came.seconds:.0f} s: {kills}; {same}")
    found = "; ".join(came.broken) or f"digest {came.undisturbed[:16]} undisturbed, {came.disturbed[:16]} after {kills}"
    advice = "results differ by bits where arithmetic does: on GPUs, or where nodes are of different kinds"
    return Check(check="chaos", ok=False, found=found, advice=advice)


def _trial_of(folder: Path, attempt: Callable[[Path], object]) -> str:
    """What goes wrong when `attempt` works in a folder of its own there; nothing stays behind."""
    try:
        with _own_folder(folder) as own:
            attempt(own)
    except Exception as error:  # each library of object storage has errors of its own
        return str(error) or type(error).__name__
    return ""


@contextlib.contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    here = storage(folder).folder(folder)
    if here is not None:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=here) as own:
            yield Path(own)
        return
    own_prefix = folder / f".doctor-{uuid.uuid4().hex[:12]}"
    try:
        yield own_prefix
    finally:
        storage(folder).discard_folder(own_prefix)


def _room(folder: Path, existing: Path) -> str:
    """What is free where the folder is or will be; existing: the folder, or the nearest one above it."""
    return f"{folder}, {bytes_text(shutil.disk_usage(existing).free)} free"


def _exclusive_create(folder: Path) -> None:
    files, record = storage(folder), folder / "record"
    if not files.create(record, b"first") or files.create(record, b"second"):
        raise OSError("a file that exists could be created again")
    if record.read_bytes() != b"first":
        raise OSError("the second writer changed the first one's file")


def _atomic_replace(folder: Path) -> None:
    files, lease = storage(folder), folder / "lease"
    files.replace(lease, b"first")
    files.replace(lease, b"second")
    if lease.read_bytes() != b"second":
        raise OSError("a replaced file kept its old content")


def _force_to_disk(folder: Path) -> None:
    with storage(folder).new_file(folder / "rows") as rows:
        rows.write(b"1")


STORE_CHECKS: dict[str, Callable[[Path], None]] = {
    "exclusive creation": _exclusive_create,
    "atomic replacement": _atomic_replace,
    "forcing to disk": _force_to_disk,
}
OBJECT_CHECKS = {name: STORE_CHECKS[name] for name in ("exclusive creation", "atomic replacement")}
