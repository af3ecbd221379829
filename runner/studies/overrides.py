"""Overrides of a study on the command line: `seeds=5 training.epochs=2 models.bilstm.hidden=50 @tuned.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.studies.compressions import SPELLINGS
from runner.studies.document import Document, read_document, read_file, read_value, resolve_paths
from runner.studies.errors import KeyPath, StudyError, suggestion
from runner.studies.normal_form import BLOCK_KEYS, GATHERED, FormError, normal
from runner.studies.training import FIELDS
from runner.studies.tuning import FIELDS as RANGES

FILE_MARK = "@"
"""What stands before the name of a file of overrides."""

NAMED_LISTS = (*GATHERED, "references")
"""Lists of names with what the study says of each."""

# What a shorthand stands for, so that one key of it can be set.
SHORTHAND = {"tasks": "name", "models": "name", "methods": "name", "references": "name", "protocol": "base"}


def apply(document: Document, overrides: list[str], folder: Path) -> Document:
    """The document with each `key=value` put in, from left to right; relative paths in them are below `folder`.

    The document comes out in normal form. Values are YAML. A key reaches into lists by position
    (tasks.0.limit.train=500, grid.0.sparsities=[0.9]) or by name (tasks.snli.limit.train=500), which with a grid of
    blocks holds in all of them. `training.epochs=2` holds for everything, over exceptions for tasks, models
    and cells; so do `resources.cpus` and `resources.gpus`, and `seeds` over those of blocks. A list of names for tasks,
    models or methods keeps what the study says of each. `@FILE` puts in what a YAML file of the same shape as a study
    gives: its mappings go into the study's, wider blocks first, every other value replaces what was there. StudyError
    names an override that is neither, or leads nowhere.
    """
    result = replace(
        document,
        values=_unshared(document.values),
        lines=dict(document.lines),
        overrides=dict(document.overrides),
        origins=dict(document.origins),
    )
    _settle(result, known=False)
    for override in overrides:
        if override.startswith(FILE_MARK):
            _apply_file(result, override, folder)
        else:
            _apply_one(result, override)
    return resolve_paths(result, folder)


def _apply_one(document: Document, override: str) -> None:
    key, equals, text = override.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise StudyError(
            f"command line '{override}': an override is key=value, such as seeds=5 or training.epochs=2, or @FILE"
        )
    try:
        value = read_value(text)
    except StudyError as error:
        reason = str(error).partition(": ")[2]
        raise StudyError(f"command line '{override}': the value is {reason}") from None
    _put(document, parts, value, override)


def _apply_file(document: Document, override: str, folder: Path) -> None:
    path = folder / override.removeprefix(FILE_MARK)
    try:
        content = read_file(path)
    except StudyError as error:
        raise StudyError(f"command line '{override}': the file of overrides {error}") from None
    given = read_document(str(path), content, folder, elsewhere=document.elsewhere).values
    for parts, value in sorted(_leaves(given, ()), key=lambda leaf: len(leaf[0])):
        _put(document, list(parts), _unshared(value), override)


def _leaves(value: Any, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What a mapping of mappings holds, each with the keys that lead to it."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*parts, key))
    else:
        yield parts, value


def _put(document: Document, parts: list[str], value: Any, override: str) -> None:
    """Set what the keys lead to; `override` is what asked for it."""
    _refuse_other_form(document, parts, override)
    path: KeyPath = ()
    holder: Any = document.values
    for part in parts[:-1]:
        holder, path = _step_into(holder, path, part, override)
    last, path = _place_of(holder, path, parts[-1], override)
    if path in {(key,) for key in NAMED_LISTS}:
        value = _keep_entries(document.values, str(last), value)
    if last in SPELLINGS and isinstance(holder, dict):
        holder.pop("sparsities", None)  # what this says otherwise
    before = {key: _names(document.values, key) for key in ("tasks", "models")}
    holder[last] = value
    _drop_exceptions(document.values, path)
    for places in (document.lines, document.overrides, document.origins):
        for stale in [known for known in places if known[: len(path)] == path]:
            del places[stale]
    document.overrides[path] = override
    _settle(document)
    for key, names in before.items():
        _forget(document.values, key, names - _names(document.values, key))


def _settle(document: Document, *, known: bool = True) -> None:
    """Bring the values into normal form. StudyError for blocks that are none."""
    try:
        form = normal(document.values, document.origins, known=known)
    except FormError as error:
        raise StudyError("\n".join(f"{document.place(one.path)}: {one.message}" for one in error.problems)) from None
    if "grid" in form.values and form.origins != document.origins:
        # A list's positions mean other entries now, and what was said of those cannot be found by them.
        for stale in [path for path in document.overrides if path[0] in GATHERED]:
            del document.overrides[stale]
    values, origins = dict(form.values), dict(form.origins)
    document.values.clear()
    document.values.update(values)
    document.origins.clear()
    document.origins.update(origins)


def _refuse_other_form(document: Document, parts: list[str], override: str) -> None:
    """An override that speaks of a study's lists where it has blocks, or of blocks where it has lists."""
    has_blocks, key = "grid" in document.values, parts[0]
    if key == "grid" and not has_blocks:
        raise StudyError(
            f"command line '{override}': this study has {', '.join(BLOCK_KEYS)} and no blocks; set these, or write a "
            "study with `grid`"
        )
    if has_blocks and len(parts) == 1 and key in (*BLOCK_KEYS, *SPELLINGS):
        raise StudyError(
            f"command line '{override}': this study is a grid of blocks, which have {key} of their own; set "
            f"grid.0.{key}, or grid"
        )
    if has_blocks and key == "grid" and len(parts) > 3 and parts[2] in GATHERED:
        raise StudyError(
            f"command line '{override}': what a study says of {parts[2]} holds in all blocks; set "
            f"{parts[2]}.{'.'.join(parts[3:])} with the name for a position"
        )


def _unshared(value: Any) -> Any:
    """A copy in which what a YAML alias repeats stands on its own, so that setting one does not change the other."""
    if isinstance(value, dict):
        return {key: _unshared(inner) for key, inner in value.items()}
    return [_unshared(inner) for inner in value] if isinstance(value, list) else value


def _step_into(holder: Any, path: KeyPath, part: str, override: str) -> tuple[Any, KeyPath]:
    place, path = _place_of(holder, path, part, override)
    inner = holder.get(place) if isinstance(holder, dict) else holder[place]
    shorthand = SHORTHAND.get(str(path[0]))
    if isinstance(inner, str) and shorthand and len(path) == (1 if path[0] == "protocol" else 2):
        inner = {shorthand: inner}
    elif inner is None:
        inner = {}
    if not isinstance(inner, dict | list):
        raise StudyError(f"command line '{override}': '{part}' holds a single value, so nothing can be set inside it")
    holder[place] = inner
    return inner, path


def _place_of(holder: Any, path: KeyPath, part: str, override: str) -> tuple[Any, KeyPath]:
    """The key or list position that one part of a dotted key means."""
    if isinstance(holder, dict):
        return part, (*path, part)
    names = [entry.get("name", "") if isinstance(entry, dict) else entry for entry in holder]
    if part in names:
        position = names.index(part)
    elif part.isdecimal() and int(part) < len(holder):
        position = int(part)
    else:
        listed = [str(name) for name in names if name]
        or_name = f", or a name ({', '.join(listed)})" if listed else ""
        raise StudyError(
            f"command line '{override}': there is no '{part}'{suggestion(part, listed)}; "
            f"allowed: 0 to {len(holder) - 1}{or_name}"
        )
    return position, (*path, position)


def _keep_entries(values: dict[str, Any], key: str, chosen: Any) -> Any:
    """The chosen tasks, models or methods, with what the study already says of those it names."""
    entries = values.get(key)
    if not isinstance(entries, list):
        return chosen
    known = {str(entry["name"]): entry for entry in entries if isinstance(entry, dict) and "name" in entry}
    listed = chosen if isinstance(chosen, list) else [chosen]
    return [known.get(entry, entry) if isinstance(entry, str) else entry for entry in listed]


def _forget(values: dict[str, Any], key: str, gone: set[str]) -> None:
    """Drop what the study says of tasks or models that it no longer has."""
    side = 0 if key == "tasks" else -1
    for block in ("training", "tuning", "resources"):
        section = values.get(block)
        if not isinstance(section, dict):
            continue
        for group in (key, "cells"):
            exceptions = section.get(group)
            if isinstance(exceptions, dict):
                section[group] = {
                    name: value
                    for name, value in exceptions.items()
                    if (str(name).rpartition("/")[side] if group == "cells" else name) not in gone
                }
    if key == "tasks":
        for group in ("methods", "references"):
            if isinstance(values.get(group), list):
                values[group] = [_without_tasks(entry, gone) for entry in values[group]]


def _without_tasks(entry: Any, gone: set[str]) -> Any:
    """A method without its options on tasks that are gone."""
    options = entry.get("tasks") if isinstance(entry, dict) else None
    if not isinstance(options, dict):
        return entry
    return {**entry, "tasks": {name: value for name, value in options.items() if name not in gone}}


def _names(values: dict[str, Any], key: str) -> set[str]:
    entries = values.get(key)
    listed = entries if isinstance(entries, list) else [entries]
    return {str(entry.get("name") if isinstance(entry, dict) else entry) for entry in listed}


def _drop_exceptions(values: dict[str, Any], path: KeyPath) -> None:
    """Make a value given for everything hold for everything."""
    if path == ("seeds",) and isinstance(values.get("grid"), list):
        for block in values["grid"]:
            block.pop("seeds", None)
    general = {"training": FIELDS, "tuning": RANGES, "resources": ("cpus", "gpus")}
    if len(path) != 2 or path[1] not in general.get(str(path[0]), ()):
        return
    section = values[str(path[0])]
    for group in ("tasks", "models", "cells"):
        for settings in (section.get(group) or {}).values() if isinstance(section.get(group), dict) else ():
            if isinstance(settings, dict):
                settings.pop(path[1], None)


def read_pairs(pairs: list[str], folder: Path) -> dict[str, Any]:
    """Option -> value of `option=value` words outside a study; paths are below `folder`."""
    model = Document(source="options", folder=folder, values={"models": [{"name": "given"}]})
    entry: dict[str, Any] = apply(model, [f"models.given.{pair}" for pair in pairs], folder).values["models"][0]
    return {option: value for option, value in entry.items() if option != "name"}
