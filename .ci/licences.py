#!/usr/bin/env python3
"""List the licences of all that piesweep and its extras need, and refuse what an Apache-2.0 product cannot bring along.

.venv/bin/python .ci/licences.py writes .ci/licences.csv from the metadata of the installed packages, and ends with exit
code 1 where a licence is not allowed, or is not known.
"""

from __future__ import annotations

import csv
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LIST = Path(__file__).with_name("licences.csv")
COLUMNS = ("package", "licence", "needed for")
PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

ALLOWED = {
    "0BSD",
    "AFL-2.1",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-1.1",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
"""Permissive ones, and Mozilla's, which asks for the source of its own files alone. No GPL, AGPL, LGPL."""

SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Academic Free License (AFL)": "AFL-2.1",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache Software License 2.0": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "ISC license": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages without a licence expression say, in the words of SPDX."""

CHOSEN = {
    "pyphen": ({"GPL", "LGPL", "MPL-1.1"}, "MPL-1.1"),
    "python-dateutil": ({"Apache-2.0", "BSD", "Dual License"}, "Apache-2.0"),
}
"""Packages under several licences to choose from: all that they offer, and the one that we take.

An offer that changes is not chosen from again, and so is looked at anew."""

GPU_LIBRARIES = ("cuda-", "nvidia-")
"""What torch's CUDA build fetches for itself, under its vendor's terms; other builds need none of it."""


def main() -> None:
    """Write the list; say what is not allowed."""
    found = licences()
    with LIST.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(sorted((package, *about) for package, about in found.items()))
    sys.exit("\n".join(refused(found)) or None)


def licences() -> dict[str, tuple[str, str]]:
    """Package -> its licences joined by ' AND ', and who needs it: piesweep itself or some of its extras."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    groups = {project["name"]: project["dependencies"], **project["optional-dependencies"]}
    needs: dict[str, list[str]] = {}
    for group, lines in groups.items():
        for package in closure(map(Requirement, lines)):
            needs.setdefault(package, []).append(group)
    return {
        package: (licence(distribution(package)), project["name"] if project["name"] in wanted else " ".join(wanted))
        for package, wanted in needs.items()
    }


def refused(found: dict[str, tuple[str, str]]) -> list[str]:
    """A sentence for every package whose licence is not allowed or not known."""
    return [
        f"{package} ({needed}) has the licence {said}, which is not among those allowed (.ci/licences.py)"
        for package, (said, needed) in sorted(found.items())
        if not set(said.split(" AND ")) <= ALLOWED
    ]


def closure(wanted: Iterable[Requirement]) -> set[str]:
    """The installed packages that requirements name, and what those need in turn."""
    waiting = list(wanted)
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        found = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if found not in seen and is_installed(found[0]) and not found[0].startswith(GPU_LIBRARIES):
            seen.add(found)
            waiting.extend(required(*found))
    return {name for name, _ in seen}


def required(package: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What an installed package with some extras requires on this machine."""
    for requirement in map(Requirement, distribution(package).requires or ()):
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield requirement


def is_installed(package: str) -> bool:
    """False for what only other machines or extras that nobody asked for need."""
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def licence(package: Distribution) -> str:
    """All licences that a package names, joined by ' AND '; the chosen one where it lets us choose."""
    offered = named(package)
    offers, choice = CHOSEN.get(canonicalize_name(package.metadata["Name"]), ({}, ""))
    return choice if offered == offers else " AND ".join(sorted(offered)) or "unknown"


def named(package: Distribution) -> set[str]:
    """The licences in a package's metadata: its expression, else its classifiers and the short words beside them."""
    expression = package.metadata.get("License-Expression")
    if expression:
        return set(re.split(r" AND | OR ", re.sub(r"[()]", "", expression)))
    classifiers = [
        words.rpartition(" :: ")[2]
        for words in package.metadata.get_all("Classifier") or []
        if words.startswith("License :: OSI Approved ::")
    ]
    words = (package.metadata.get("License") or "").strip()
    if words not in {"", "UNKNOWN"} and ("\n" not in words or not classifiers):  # longer: the licence's whole text
        classifiers.extend(re.split(r" AND | OR ", words))
    return {spelled(said) for said in classifiers}


def spelled(words: str) -> str:
    """A licence in the words of SPDX, where we know them."""
    copyleft = re.search(r"\((A?L?GPL)v\d\+?\)", words)
    if words == "Mozilla Public License 1.1 (MPL 1.1)":
        return "MPL-1.1"
    return copyleft[1] if copyleft else SPELLINGS.get(words, words)


if __name__ == "__main__":
    main()
