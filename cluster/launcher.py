"""The contract of a launcher: what it is given and what it does."""

from __future__ import annotations

import contextlib
import functools
import posixpath
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import jinja2
import yaml

from cluster.site import Site

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
"""Job names that every launcher takes, but for a digit in front, which KubeRay refuses (it takes 47 characters)."""

FILES_FOLDER = "/tmp/piesweep-files"  # noqa: S108 - on machines made for the job


class LaunchError(ValueError):
    """A job that cannot be launched as asked: says what was given, what is allowed and what to do."""

    exit_status = 2


class HalfLaunchedError(LaunchError):
    """A launch that failed when machines may have been made: its file stays, and is needed to give them back."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command and the machines it wants.

    command: what runs once a Ray cluster stands at `$RAY_ADDRESS`. progress: a command that prints a word which
    changes whenever the first one has come further, and the number of trials that it can still finish. seconds: wall
    time of one allocation. folder: where both run. logs: a folder for scripts and logs. programs: a folder of programs
    to be found first, or None inside of containers. files: what the command reads below FILES_FOLDER, by name, where
    machines do not see this one's files. paths: what else it reads and writes, by the option or key that says where.
    """

    name: str
    command: tuple[str, ...]
    progress: tuple[str, ...]
    nodes: int
    cpus_per_node: int
    gpus_per_node: int
    seconds: int
    folder: Path
    logs: Path
    programs: Path | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise LaunchError(f"job name '{self.name}': allowed are up to 40 of a-z, 0-9 and inner dashes; give --name")
        for word in (*self.command, *self.progress, str(self.folder), str(self.logs), str(self.programs)):
            if re.search(r"[\x00-\x1f\x7f]", word):
                raise LaunchError(f"{word!r} has a control character in it, which no script carries; take it out")


@dataclass(frozen=True, kw_only=True)
class Launcher:
    """One way to start a job.

    script: what the scheduler reads. submit: hands it over, as a file that stays, and says what was started.
    ending: of that file's name. site: the profile that it starts from when none is named. makes_cluster: whether a Ray
    cluster stands at `$RAY_ADDRESS` when the command runs. sees_files: whether the machines see this one's files.
    """

    title: str
    script: Callable[[Job, Site], str]
    submit: Callable[[Path, Job], str]
    ending: str
    site: str
    makes_cluster: bool = True
    sees_files: bool = True


def ray_job_environment(job: Job, join: int) -> dict[str, str]:
    """The variables of a Ray job: those of `runtime_env.yaml`, which give it time to end in order when it is stopped,
    and how many nodes it waits for before it starts, for at most `join` seconds."""
    content = (Path(__file__).parent / "runtime_env.yaml").read_text(encoding="utf-8")
    lasting = {str(name): str(value) for name, value in yaml.safe_load(content)["env_vars"].items()}
    return {**lasting, "PIESWEEP_NODES": str(job.nodes), "PIESWEEP_JOIN_SECONDS": str(join)}


def refuse_paths(job: Job, below: tuple[str, ...], advice: str) -> None:
    """LaunchError that names every path of a job which is not below one of these folders of its machines."""
    places = {name: posixpath.normpath(path) for name, path in job.paths.items()}
    absent = [
        f"{name}: {job.paths[name]} {'is on none of the machines' if place.startswith('/') else 'is relative'}"
        for name, place in places.items()
        if not any(PurePosixPath(place).is_relative_to(folder) for folder in below)
    ]
    if absent:
        raise LaunchError("\n".join((*absent, advice)))


def hand_over(launcher: Launcher, job: Job, script: str) -> tuple[str, Path]:
    """Keep a job's script beside its logs, readable by its owner alone, and submit it: the answer, and the file.

    LaunchError if the scheduler refuses; then nothing is left of what was made for it.
    """
    path = job.logs / f"{job.name}{launcher.ending}"
    made = [folder for folder in (job.logs, *job.logs.parents) if not folder.exists()]
    before = path.read_bytes() if path.is_file() else None
    try:
        job.logs.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o700)
        return launcher.submit(path, job), path
    except HalfLaunchedError:
        raise
    except (LaunchError, OSError):
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(before)
        for folder in made:
            with contextlib.suppress(OSError):  # somebody else has put something there
                folder.rmdir()
        raise


def call(command: Sequence[str], purpose: str) -> str:
    """Run a scheduler's program; its output. LaunchError if it is absent or says no."""
    if shutil.which(command[0]) is None:
        raise LaunchError(
            f"'{command[0]}' is not on this machine's PATH, and it is needed to {purpose}; run this where it is, or "
            "write the script with --dry-run and take it there"
        )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise LaunchError(f"{shlex.join(command)} failed with exit code {done.returncode}: {said}")
    return done.stdout.strip()


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - shell scripts; whatever is not ours goes through `quote`
        comment_start_string="<#",  # bash writes ${#list[@]}
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quote"] = shlex.quote
    environment.filters["join_command"] = shlex.join
    return environment


def fill(template: str, values: dict[str, object]) -> str:
    """A template of `cluster/templates`, filled in; what is missing is an error."""
    return _templates().get_template(template).render(values)
