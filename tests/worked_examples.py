"""Running what a document shows: its files, its commands and its Python, each held against what it says they print."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from unittest import mock

from typer.testing import CliRunner

from runner.command_line import app
from tests.documents import ROOT, Block

KEPT = ("tests/fixtures", "analysis/measured")
"""What a clone has beside the documents, and examples read: each runs in a folder with copies of these."""


REGISTRIES = {"SCORES": "runner.pruning.scores", "METHODS": "runner.methods"}
"""What examples add to, by name, and the modules that have them."""


def place(folder: Path) -> Path:
    """A folder that looks, to an example, like the root of a clone."""
    for name in KEPT:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.png", "*.py", "__pycache__"))
    return folder


def run_blocks(blocks: list[Block], folder: Path) -> int:
    """Run blocks from top to bottom in a folder that is the working directory; how many things were run.

    A block with a name is the file of that name. What is printed must be what is shown, where anything is shown.
    """
    count = 0
    for block, following in zip_longest(blocks, blocks[1:]):
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            for command, shown in transcript(block.text):
                require(shown, printed(command), command)
                count += 1
        elif block.language == "python":
            require(following.text, answered(block.text), "the block of Python")
            count += 1
    return count


def transcript(text: str) -> Iterator[tuple[str, str]]:
    """Commands after a dollar sign, each with the lines below it."""
    for part in f"\n{text}".split("\n$ ")[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def printed(command: str) -> str:
    """What a command prints, of whatever stream; piesweep and our own modules run in this process."""
    words = shlex.split(command, comments=True)
    if words[0] == "piesweep":
        return CliRunner().invoke(app, words[1:]).output
    if words[:2] == ["python", "-m"]:
        with mock.patch.object(sys, "argv", words[2:]):
            return captured(lambda: runpy.run_module(words[2], run_name="__main__"))
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def answered(source: str) -> str:
    """What a piece of Python prints; registries that it adds to are as before when it has ended."""
    with contextlib.ExitStack() as stack:
        for name, module in REGISTRIES.items():
            if f"{name}[" in source:
                stack.enter_context(mock.patch.dict(getattr(importlib.import_module(module), name)))
        return captured(lambda: exec(compile(source, "<document>", "exec"), {"__name__": "example"}))


def captured(work) -> str:
    """The standard output of a call."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        work()
    return output.getvalue()


def require(shown: str, found: str, what: str) -> None:
    """The lines that are shown, `...` standing for anything; spaces at their ends do not count."""
    if not shown.strip():
        return
    wanted, got = (
        "\n".join(line.rstrip() for line in text.strip("\n").splitlines()).strip("\n") + "\n" for text in (shown, found)
    )
    assert doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS), f"{what} prints\n{got}"
