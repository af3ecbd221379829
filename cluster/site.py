"""Site profiles: what a place to run asks for and allows, as YAML; those that ship, and a user's own by path."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cluster.duration import parse_duration

LARGEST_FILE = 100_000

SCRATCH_LENGTH = 20
"""Characters of `scratch`. Linux allows a socket's path 107 bytes; Ray takes 64, a job's folder the rest."""

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/=,@+%\[\]-]+$", max_length=200)]
"""One word that means the same in a directive, a manifest and a shell."""

Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Count = Annotated[int, Field(strict=True, ge=1)]
Seconds = Annotated[int, BeforeValidator(lambda given: parse_duration(given) if isinstance(given, str) else given)]


class SiteError(ValueError):
    """A site profile that cannot be used: says which, what is wrong and what is allowed."""

    exit_status = 2


def ray_with_tokens(version: str) -> str:
    """The version itself. SiteError if it is too old for `authOptions`: KubeRay's operator would refuse the cluster."""
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < (2, 52):
        raise SiteError(
            f"Ray '{version}' knows no tokens, which every pod is asked for; allowed is 2.52 or later: put it in the "
            "image and say which as `kubernetes.ray`"
        )
    return version


def short_enough(scratch: str) -> str:
    """The path itself. SiteError if Ray's sockets, which lie below it, would have longer paths than Linux allows."""
    if len(scratch) > SCRATCH_LENGTH:
        raise SiteError(
            f"'{scratch}' has {len(scratch)} characters, too many for the paths of Ray's sockets below it; allowed are "
            f"{SCRATCH_LENGTH}: give a shorter path on a node's own disk, such as /tmp"
        )
    return scratch


class Profile(BaseModel):
    """A bundle of a profile's choices: nothing unknown in it, nothing changed after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(Profile):
    """What the site refuses; None where it sets no limit. wall_time in seconds, store in bytes.

    A study has one job running and, unless that is its last, one waiting: `queued_jobs` (running ones included) is held
    against that. `running_jobs` no study can exceed: so many can be at work side by side.
    """

    wall_time: Seconds | None = None
    nodes: Count | None = None
    running_jobs: Count | None = None
    queued_jobs: Count | None = None
    files: Count | None = None
    store_bytes: Count | None = None


class Kubernetes(Profile):
    """How pods are made.

    claim: the PersistentVolumeClaim that holds stores, mounted at `mount` in every pod. ray: the version in the
    image, 2.52 or later, if it is not the one installed here.
    """

    image: Word
    namespace: Word = "default"
    claim: Word
    mount: Word = "/piesweep"
    memory_per_node: Word = "64Gi"
    node_selector: dict[Line, Line] = Field(default_factory=dict)
    ray: Annotated[Word, AfterValidator(ray_with_tokens)] | None = None
    operator: Literal["1.5.1"] = "1.5.1"


class Cloud(Profile):
    """Sections of a Ray cluster-launcher file that belong to the provider; `head` and `worker` are node configurations.

    `setup` runs on every new machine. `resources` are those of a worker, where the provider cannot tell them.
    """

    provider: dict[str, Any]
    auth: dict[str, Any]
    head: dict[str, Any]
    worker: dict[str, Any]
    docker: dict[str, Any] = Field(default_factory=dict)
    file_mounts: dict[Line, Line] = Field(default_factory=dict)
    setup: tuple[Line, ...] = ()


class Site(Profile):
    """A place to run.

    warning: seconds before the wall limit at which work is asked to stop. container: words in front of every command.
    setup: shell lines before anything else. directives: further #SBATCH lines. scratch: a short path on a node's own
    disk (Ray keeps sockets in it). join: seconds that nodes are waited for before the work starts without them.
    """

    name: Word = ""
    title: Line
    vendor: Literal["nvidia", "amd", "cpu"] = "cpu"
    account: Word | None = None
    partition: Word | None = None
    cpus_per_node: Count = 1
    gpus_per_node: Annotated[int, Field(strict=True, ge=0)] = 0
    memory: Word | None = None
    exclusive: Annotated[bool, Field(strict=True)] = False
    wall_time: Seconds = 3600
    warning: Seconds = 600
    join: Seconds = 300
    scratch: Annotated[Word, AfterValidator(short_enough)] = "/tmp"  # noqa: S108 - a folder of the job's own is made in it
    modules: tuple[Line, ...] = ()
    setup: tuple[Line, ...] = ()
    environment: dict[Variable, Line] = Field(default_factory=dict)
    container: tuple[Line, ...] = ()
    directives: tuple[Line, ...] = ()
    limits: Limits = Limits()
    kubernetes: Kubernetes | None = None
    cloud: Cloud | None = None


SITES: dict[str, str] = {
    "laptop": "laptop.yaml",
    "lumi": "lumi.yaml",
    "nvidia-slurm": "nvidia-slurm.yaml",
    "kubernetes": "kubernetes.yaml",
    "aws": "aws.yaml",
}


def load_site(name: str) -> Site:
    """The profile that ships under this name, or the one in the file at this path. SiteError says what is wrong."""
    path = Path(__file__).parent / "sites" / SITES[name] if name in SITES else Path(name)
    try:
        if not path.is_file():
            raise SiteError(_unknown(name))
        if path.stat().st_size > LARGEST_FILE:
            raise SiteError(f"{name}: larger than {LARGEST_FILE} bytes; this is no site profile")
        values = _plain_values(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        if isinstance(error, SiteError):
            raise
        raise SiteError(f"{name}: not readable as YAML: {error}") from None
    if not isinstance(values, dict):
        raise SiteError(f"{name}: a site profile is a mapping of keys (title: ..., partition: ...)")
    try:
        return Site.model_validate({"name": path.stem, **values})
    except ValidationError as error:
        raise SiteError(_report(name, error)) from None


def _plain_values(text: str) -> Any:
    """What YAML says without aliases: aliases of aliases fill the memory from a few lines."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise SiteError(f"the alias *{event.anchor} is not allowed in a site profile; write out what it stands for")
    return yaml.safe_load(text)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, SITES, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return f"there is no site '{name}' and no such file{hint}; shipped: {', '.join(SITES)}; or give a profile's path"


def _report(name: str, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        key = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            lines.append(f"{name}: unknown key '{key}'; allowed at the top: {', '.join(Site.model_fields)}")
        else:
            lines.append(f"{name}: {key}: {problem['msg']}, but {problem['input']!r} was given")
    return "\n".join(lines)
