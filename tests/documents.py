"""The documents as their tests read them: headings, links, commands, files, and worked examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.rooms import ROOMS, ROOT

PLACES = (".", ".github", *ROOMS, "tests")
DOCUMENTS = sorted(
    {path for place in PLACES for path in (ROOT / place).glob("*.md" if place == "." else "**/*.md")},
    key=lambda path: path.relative_to(ROOT).as_posix(),
)
"""Every page of the project: those at the top, and those of each room."""

WORKED = "A worked example"
"""The heading of a section that is run as it stands."""

PADDED = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"']|\s(?!\s))+""")
"""A command up to the two spaces before what explains it."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block. language, name: of its first line, such as `yaml` and `study.yaml`. heading: of its section."""

    language: str
    name: str
    text: str
    heading: str


def named(path: Path) -> str:
    """A page by its path in the project."""
    return path.relative_to(ROOT).as_posix()


def tokens(path: Path) -> list[Token]:
    """What a page consists of."""
    return MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))


def blocks(path: Path, heading: str | None = None) -> list[Block]:
    """The fenced blocks of a page, or of one of its sections with those below it."""
    found, titles = [], [""] * 7
    parts = tokens(path)
    for number, token in enumerate(parts):
        if token.type == "heading_open":
            level = int(token.tag[1])
            titles[level:] = [parts[number + 1].content] + [""] * (6 - level)
        elif token.type == "fence" and (heading is None or heading in titles):
            language, _, name = token.info.partition(" ")
            found.append(Block(language=language, name=name.strip(), text=token.content, heading=max(titles, key=len)))
    return found


def inlines(path: Path, kind: str) -> Iterator[Token]:
    """Every piece of running text of one kind: links, images, code."""
    for token in tokens(path):
        yield from (child for child in token.children or () if child.type == kind)


def links(path: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    targets = [str(link.attrs["href"]) for link in inlines(path, "link_open")]
    return targets + [str(picture.attrs["src"]) for picture in inlines(path, "image")]


def anchors(path: Path) -> set[str]:
    """The names that headings have in links, as GitHub makes them."""
    parts = tokens(path)
    titles = [parts[number + 1].content for number, token in enumerate(parts) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def code(path: Path) -> list[str]:
    """Every line of code that may be a command: of blocks, continued lines joined, and in running text."""
    lines = [line for block in blocks(path) for line in block.text.replace("\\\n", " ").splitlines()]
    return [*lines, *(piece.content for piece in inlines(path, "code_inline"))]


def commands(path: Path, program: str) -> list[list[str]]:
    """The words after `program` in every line of code that starts it, also as what a Ray job runs."""
    found = []
    for line in code(path):
        start = re.match(rf"(?:.* -- |\$ )?{re.escape(program)} (?=\S)", line)
        if start and (command := PADDED.match(line[start.end() :])):
            words = shlex.split(command[0].partition(" > ")[0], comments=True)
            found.append([word for word in words if word != "..."])
    return found
