"""`piesweep submit`: the same study on machines that a scheduler hands out."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.output import say
from runner.command_line.plan_verb import ChangesArgument, StudyArgument

if TYPE_CHECKING:
    from cluster import Launcher, Site


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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the script; look for no file here.")] = False,
) -> None:
    """Run a study under a scheduler, one allocation after another until it is done.

    Prints with --dry-run what it would hand over, to read, keep and edit. Submitting again finishes what is left.
    """
    from cluster import LAUNCHERS, Job, LaunchError, load_site
    from cluster.launcher import hand_over
    from cluster.limits import refuse

    if on not in LAUNCHERS:
        raise LaunchError(f"there is no launcher '{on}'; allowed: {', '.join(LAUNCHERS)}")
    launcher = LAUNCHERS[on]
    profile = load_site(site or launcher.site)
    words = [study, *(changes or [])]
    name_of_study, paths = _checked(words, elsewhere=dry_run or not launcher.sees_files, site=profile)
    title = name or re.sub(r"[._]", "-", name_of_study)
    place = _place(store, launcher)
    files = {} if launcher.sees_files else _travelling(words)
    job = Job(
        name=title,
        command=_command(_seen(words, files), place, launcher),
        progress=("piesweep", "status", place, "--progress"),
        nodes=nodes,
        cpus_per_node=cpus_per_node or profile.cpus_per_node,
        gpus_per_node=profile.gpus_per_node if gpus_per_node is None else gpus_per_node,
        seconds=_seconds(time) if time else profile.wall_time,
        folder=Path.cwd(),
        logs=(logs or Path(f"{title}.jobs")).absolute(),
        programs=None if profile.container else Path(sys.executable).parent,
        files={travels_as: Path(file).absolute() for file, travels_as in files.items()},
        paths=paths if "://" in place else {"--store": place, **paths},
    )
    refuse(job, profile)
    script = launcher.script(job, profile)
    if dry_run:
        typer.echo(script, nl=False)
        return
    answer, path = hand_over(launcher, job, script)
    say(f"{answer}\n{path}")


def _checked(words: list[str], *, elsewhere: bool, site: Site) -> tuple[str, dict[str, str]]:
    """The name of the study that is asked for, and the paths it names. StudyError if it could not run.

    elsewhere: its files are looked for on the machines, not here. In a container neither are libraries.
    """
    from runner.studies import load, require_inputs
    from runner.studies.checks import paths

    study, *changes = words
    loaded = load(study, changes, elsewhere=elsewhere)
    require_inputs(loaded, elsewhere=elsewhere, libraries=not site.container)
    return loaded.name, paths(loaded)


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


def _named(words: list[str]) -> list[str]:
    """The study file and the files of overrides, of a study and the changes to it."""
    from runner.studies import STUDIES
    from runner.studies.overrides import FILE_MARK

    given = [word[len(FILE_MARK) :] for word in words[1:] if word.startswith(FILE_MARK)]
    return given if words[0] in STUDIES else [words[0], *given]


def _travelling(words: list[str]) -> dict[str, str]:
    """What each file is called on machines that do not see it: numbered, and in letters that Kubernetes takes."""
    files = dict.fromkeys(_named(words))
    plain = {file: re.sub(r"[^-._a-zA-Z0-9]+", "-", Path(file).name)[-100:] for file in files}
    return {file: f"{number}-{plain[file]}" for number, file in enumerate(files, 1)}


def _seen(words: list[str], files: dict[str, str]) -> list[str]:
    """A study and the changes to it, with files named as the machines see them."""
    from cluster.launcher import FILES_FOLDER
    from runner.studies import STUDIES
    from runner.studies.overrides import FILE_MARK

    def seen(file: str) -> str:
        return f"{FILES_FOLDER}/{files[file]}" if file in files else str(Path(file).absolute())

    study = words[0] if words[0] in STUDIES else seen(words[0])
    marked = (FILE_MARK + seen(word[len(FILE_MARK) :]) if word.startswith(FILE_MARK) else word for word in words[1:])
    return [study, *marked]


def _command(words: list[str], place: str, launcher: Launcher) -> tuple[str, ...]:
    """`piesweep run`, on the cluster that the launcher makes."""
    address = ("--address", "auto") if launcher.makes_cluster else ()
    study, *changes = words
    return ("piesweep", "run", study, "--store", place, *address, *changes)


def _seconds(time: str) -> int:
    from cluster import LaunchError
    from cluster.duration import parse_duration

    try:
        return parse_duration(time)
    except ValueError as error:
        raise LaunchError(f"--time {error}") from None
