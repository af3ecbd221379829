"""Study files: one YAML mapping of plain values, each key once, and the line every key stands on."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from runner.studies.errors import KeyPath, StudyError, key_text

MOST_NODES = 100_000
"""More values than any study has; aliases of aliases reach it in a few lines."""

MOST_WRITTEN = 50_000
"""More values than any study writes, read in a few seconds."""

MOST_LEVELS = 20
"""Deeper than any study; an alias inside what it stands for has no end at all."""

LARGEST_FILE = 1_000_000
"""Bytes: more than any study has."""

PATH_KEYS = {"data", "bleurt", "train", "validation", "test"}
NAME_KEYS = {"name", "model"}


class _PlainLoader(yaml.SafeLoader):
    """YAML's safe loader, with 1e-3 read as a number (as in YAML 1.2) instead of a string, and a bound on its nodes."""

    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node; what has too many is refused while it is read, not when all of it is in memory."""
        self.nodes += 1
        if self.nodes > MOST_WRITTEN:
            mark = None if parent is None else parent.start_mark
            raise yaml.composer.ComposerError(None, None, f"more than {MOST_WRITTEN} values", mark)
        return super().compose_node(parent, index)


_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


@dataclass(frozen=True)
class Document:
    """The values of a study file, with the place each came from: a line of the file or an override.

    elsewhere: paths are those of other machines and stay as they are written; else relative ones are made absolute.
    origins: of what stands elsewhere in the values than in the file, where that is (`runner.studies.normal_form`).
    """

    source: str
    folder: Path
    values: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    overrides: dict[KeyPath, str] = field(default_factory=dict)
    elsewhere: bool = False
    origins: dict[KeyPath, KeyPath] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Where a key was given, as `FILE:LINE: key` or `command line 'OVERRIDE': key`."""
        written = self._written(path)
        if written != path:
            for length in range(len(path), 1, -1):
                if path[:length] in self.overrides:
                    return f"command line '{self.overrides[path[:length]]}': {key_text(path)}"
            path = written
        for length in range(len(path), -1, -1):
            prefix = path[:length]
            if prefix in self.overrides:
                return f"command line '{self.overrides[prefix]}': {key_text(path)}"
            if prefix in self.lines:
                where = f"{self.source}:{self.lines[prefix]}"
                return f"{where}: {key_text(path)}" if path else self.source
        return f"{self.source}: {key_text(path)}" if path else self.source

    def _written(self, path: KeyPath) -> KeyPath:
        """The path at which the file has what stands at this one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]] + path[length:]
        return path


def read_file(path: Path) -> bytes:
    """The bytes of a study file or a file of overrides; StudyError for a pipe, a device, a folder, or too many."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError("it is no regular file")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise StudyError(f"cannot be read ({error})") from None
    if len(content) > LARGEST_FILE:
        raise StudyError(f"cannot be read (it is larger than {LARGEST_FILE} bytes, so no study file)")
    return content


def read_document(source: str, content: bytes, folder: Path, *, elsewhere: bool = False) -> Document:
    """The document in a study file's bytes. StudyError if it is not one UTF-8 YAML mapping of plain values."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyError(f"{source}: byte {error.start} is not UTF-8; save the study file as UTF-8 text") from None
    lines: dict[KeyPath, int] = {}
    values = _plain_values(source, text, lines)
    if values is None:
        raise StudyError(
            f"{source}: the file is empty; a study gives name, tasks, models, methods, sparsities and seeds"
        )
    if not isinstance(values, dict):
        raise StudyError(f"{source}: a study is a mapping of keys (name: ..., tasks: ...), not a {_kind(values)}")
    document = Document(source=source, folder=folder, values=values, lines=lines, elsewhere=elsewhere)
    return resolve_paths(document, folder)


def read_value(text: str) -> Any:
    """The plain value of an override's right-hand side, read by the same rules as a file."""
    return _plain_values("value", text, {})


def is_path(value: object) -> bool:
    """True for a string that names a place on disk wherever a name could stand too: it starts with / ./ ../ or ~."""
    return isinstance(value, str) and value.startswith(("/", "./", "../", "~"))


def _plain_values(source: str, text: str, lines: dict[KeyPath, int]) -> Any:
    try:
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _note_lines(source, node, lines)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise StudyError(f"{source}:{_line_of(error)}: {_reason(error)}") from None
    except yaml.YAMLError as error:
        raise StudyError(f"{source}: not readable as YAML ({str(error).splitlines()[0]})") from None
    except RecursionError:
        raise StudyError(f"{source}: nested too deeply for a study") from None
    except ValueError as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError(f"{source}: not readable as YAML ({error})") from None


def _note_lines(source: str, root: yaml.Node, lines: dict[KeyPath, int]) -> None:
    """Write down the line of every key, and refuse what a study cannot mean: doubled keys, tags, endless aliases."""
    waiting: list[tuple[KeyPath, yaml.Node]] = [((), root)]
    seen = 0
    while waiting:
        path, node = waiting.pop()
        seen += 1
        if len(path) > MOST_LEVELS:
            raise StudyError(f"{source}:{_line(node)}: nested too deeply for a study")
        if seen > MOST_NODES:
            raise StudyError(f"{source}: more than {MOST_NODES} values once its aliases and merges are written out")
        if not node.tag.startswith("tag:yaml.org,2002:") or ":python/" in node.tag:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            raise StudyError(f"{source}:{_line(node)}: tag '{tag}' is not allowed; a study holds plain values only")
        lines.setdefault(path, _line(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(((*path, index), child) for index, child in enumerate(node.value))
        elif isinstance(node, yaml.MappingNode):
            waiting.extend(_entries(source, path, node, lines))


def _entries(
    source: str, path: KeyPath, node: yaml.MappingNode, lines: dict[KeyPath, int]
) -> list[tuple[KeyPath, yaml.Node]]:
    entries: list[tuple[KeyPath, yaml.Node]] = []
    first: dict[str, int] = {}
    for key, value in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            entries.append(((*path, "<<"), value))  # counts: merges of merges double as aliases do
            continue
        if key.tag != "tag:yaml.org,2002:str":
            raise StudyError(f"{source}:{_line(key)}: keys are words; quote this one if it is meant")
        child = (*path, key.value)
        if key.value in first:
            both = f"lines {first[key.value]} and {_line(key)}"
            raise StudyError(f"{source}:{_line(key)}: key '{key_text(child)}' is given twice ({both}); keep one")
        first[key.value] = lines[child] = _line(key)
        entries.append((child, value))
    return entries


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _line_of(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _reason(error: yaml.MarkedYAMLError) -> str:
    if "single document" in str(error.context):
        return "a second document starts here (---); a study file holds one study"
    context = f"{error.context}: " if error.context else ""
    return f"not readable as YAML ({context}{error.problem})"


def _kind(value: object) -> str:
    return {list: "list", str: "text", bool: "truth value"}.get(type(value), "number")


def _with_absolute_paths(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The values with every relative path made absolute: paths in a study are relative to what gave them."""
    result = dict(values)
    for key, absolute_entry in (("tasks", _absolute_task), ("models", _absolute_model)):
        entries = result.get(key)
        if isinstance(entries, list):
            result[key] = [absolute_entry(entry, folder) if isinstance(entry, dict) else entry for entry in entries]
    blocks = result.get("grid")
    if isinstance(blocks, list):
        result["grid"] = [_with_absolute_paths(one, folder) if isinstance(one, dict) else one for one in blocks]
    return result


def _absolute_task(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    return {
        key: absolute(value, folder) if key in PATH_KEYS or (key == "dataset" and is_path(value)) else value
        for key, value in entry.items()
    }


def _absolute_model(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    result = {
        key: absolute(value, folder)
        if key not in NAME_KEYS and (is_path(value) or _is_file_name(value, folder))
        else value
        for key, value in entry.items()
    }
    if isinstance(entry.get("options"), dict):
        result["options"] = _absolute_model(entry["options"], folder)
    return result


def _is_file_name(value: object, folder: Path) -> bool:
    """True for a bare name with a file ending that stands in the folder: `vectors: glove.txt`."""
    return isinstance(value, str) and bool(Path(value).suffix) and "\0" not in value and (folder / value).is_file()


def absolute(value: Any, folder: Path) -> Any:
    """`value` as an absolute path below `folder` if it is text, unchanged otherwise (validation will name it)."""
    if not isinstance(value, str) or not value or "\0" in value:
        return value
    return os.path.abspath(folder / os.path.expanduser(value))  # noqa: PTH100, PTH111 - Path.expanduser raises for an unknown user


def resolve_paths(document: Document, folder: Path) -> Document:
    """The document with its relative paths resolved against `folder`, unless they are those of other machines."""
    if document.elsewhere:
        return document
    return replace(document, values=_with_absolute_paths(document.values, folder))
