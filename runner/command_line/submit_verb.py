"""`piesweep submit`: the same study on machines that a scheduler hands out."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.plan_verb import ChangesArgument, StudyArgument

if TYPE_CHECKING:
    from cluster import Launcher

SITE_OF = {"local": "laptop", "slurm": "nvidia-slurm", "kuberay": "kubernetes", "ray-up": "aws"}
"""The profile that a launcher starts from when none is named."""


def submit(  # noqa: PLR0913 - the arguments of a verb are its options
    study: StudyArgument,
    changes: ChangesArgument = None,
    *,
    store: Annotated[str, typer.Option(help="The store, in a folder or at an address that all nodes see.")],
    on: Annotated[str, typer.Option(help="local, slurm, kuberay or ray-up.")] = "slurm",
    site: Annotated[str | None, typer.Option(help="A shipped site profile, or the path of your own.")] = None,
    nodes: Annotated[int, typer.Option(min=1, help="Nodes of one allocation.")] = 1,
    gpus_per_node: Annotated[int | None, typer.Option(min=0, help="Default: as the site says.")] = None,
    cpus_per_node: Annotated[int | None, typer.Option(min=1, help="Default: as the site says.")] = None,
    time: Annotated[str | None, typer.Option(help="Wall time of one allocation, such as 48:00:00.")] = None,
    name: Annotated[str | None, typer.Option(help="The job's name; default: the study's.")] = None,
    logs: Annotated[Path | None, typer.Option(help="A folder for script and logs; default: NAME.jobs.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the script and do nothing.")] = False,
) -> None:
    """Run a study under a scheduler, one allocation after another until it is done.

    Prints with --dry-run what it would hand over, to read, keep and edit. Submitting again finishes what is left.
    """
    from cluster import LAUNCHERS, Job, LaunchError, load_site
    from cluster.launcher import save
    from cluster.limits import refuse
    from runner.studies import STUDIES, load
    from runner.studies.overrides import FILE_MARK

    if on not in LAUNCHERS:
        raise LaunchError(f"there is no launcher '{on}'; allowed: {', '.join(LAUNCHERS)}")
    launcher, profile = LAUNCHERS[on], load_site(site or SITE_OF[on])
    title = name or re.sub(r"[._]", "-", load(study, changes or []).name)
    place = _place(store, launcher)
    is_file = study not in STUDIES
    given = [Path(word[1:]) for word in changes or [] if word.startswith(FILE_MARK)]
    words = [FILE_MARK + _seen(word[1:], launcher) if word.startswith(FILE_MARK) else word for word in changes or []]
    files = [*given, Path(study)] if is_file else given
    job = Job(
        name=title,
        command=_command(study if not is_file else _seen(study, launcher), words, place, launcher),
        progress=("piesweep", "status", place, "--progress"),
        nodes=nodes,
        cpus_per_node=cpus_per_node or profile.cpus_per_node,
        gpus_per_node=profile.gpus_per_node if gpus_per_node is None else gpus_per_node,
        seconds=_seconds(time) if time else profile.wall_time,
        folder=Path.cwd(),
        logs=(logs or Path(f"{title}.jobs")).absolute(),
        programs=None if profile.container else Path(sys.executable).parent,
        files={} if launcher.sees_files else {file.name: file.absolute() for file in files},
    )
    refuse(job, profile)
    script = launcher.script(job, profile)
    if dry_run:
        typer.echo(script, nl=False)
        return
    path = save(job, script, launcher.ending)
    typer.echo(f"{launcher.submit(path, job)}\n{path}")


def _place(store: str, launcher: Launcher) -> str:
    """The store as the machines name it. LaunchError for a path that means nothing there."""
    from cluster import LaunchError

    if "://" in store or Path(store).is_absolute():
        return store
    if not launcher.sees_files:
        raise LaunchError(
            f"--store {store}: the machines do not see this one's files; give an address (s3://...), or an absolute "
            "path of what is mounted on all of them"
        )
    return str(Path(store).absolute())


def _seen(file: str, launcher: Launcher) -> str:
    """The path of a study file, or of one of overrides, as the machines name it."""
    from cluster.launcher import FILES_FOLDER

    return str(Path(file).absolute()) if launcher.sees_files else f"{FILES_FOLDER}/{Path(file).name}"


def _command(study: str, changes: list[str], place: str, launcher: Launcher) -> tuple[str, ...]:
    """`piesweep run`, on the cluster that the launcher makes."""
    address = ("--address", "auto") if launcher.makes_cluster else ()
    return ("piesweep", "run", study, "--store", place, *address, *changes)


def _seconds(time: str) -> int:
    from cluster import LaunchError
    from cluster.duration import parse_duration

    try:
        return parse_duration(time)
    except ValueError as error:
        raise LaunchError(f"--time {error}") from None
