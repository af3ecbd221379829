"""A study's values in normal form: sets of methods as their members, and blocks that name what the study says once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.studies.compressions import SPELLINGS, as_sparsities, problems_of
from runner.studies.errors import KeyPath, Problem, StudyError, key_text, suggestion
from runner.studies.grid import Block, listed
from runner.studies.method_choice import members

GATHERED = ("tasks", "models", "methods")
"""What blocks name, and what the study says once of each name."""

BLOCK_KEYS = ("tasks", "models", "methods", "sparsities")
"""What a block must have, and what a study with blocks has nowhere else."""


class FormError(StudyError):
    """Blocks of which no study can be made: each thing wrong, with its path."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{key_text(problem.path)}: {problem.message}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class NormalForm:
    """A study's values, and for what stands elsewhere in them than in the file, where it was written."""

    values: dict[str, Any]
    origins: dict[KeyPath, KeyPath]


@dataclass
class _Gathering:
    """The tasks, models or methods of all blocks, each name once; of each, what is said of it and where.

    said: what an earlier look has gathered, which holds (recalled) unless a block says something anew.
    """

    key: str
    said: dict[str, tuple[Any, KeyPath]]
    entries: dict[str, tuple[Any, KeyPath]] = field(default_factory=dict)
    nameless: list[tuple[Any, KeyPath]] = field(default_factory=list)
    recalled: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def take(self, entry: Any, path: KeyPath) -> list[str]:
        """Note one entry of a block; its name, if it has one."""
        name = entry.get("name") if isinstance(entry, dict) else entry
        if not isinstance(name, str):
            self.nameless.append((entry, path))
            return []
        bare = isinstance(entry, str)
        before, place = self.entries.get(name, (None, path))
        if bare and before is None:
            self.entries[name] = self.said.get(name, (entry, path))
            self.recalled.add(name)
        elif not bare and (before is None or name in self.recalled):
            self.entries[name] = entry, path
            self.recalled.discard(name)
        elif not bare and before != entry:
            self.problems.append(
                Problem(
                    path, f"'{name}' is said in another way at {key_text(place)}; say it once, and elsewhere its name"
                )
            )
        return [name]


def normal(
    values: dict[str, Any], origins: Mapping[KeyPath, KeyPath] | None = None, *, known: bool = True
) -> NormalForm:
    """The values in normal form. FormError for blocks that are none.

    known: what stands beside the grid is what an earlier look at it has gathered; else a study gives one of both.
    origins: those of that earlier look.
    """
    before = dict(origins or {})
    if "grid" not in values:
        return _with_sparsities(values, before)
    problems = [] if known else list(_beside(values))
    problems = problems or list(_block_problems(values["grid"])) or list(_mixed_bases(values))
    if problems:
        raise FormError(problems)
    values = _with_base(values, values["grid"])
    blocks = [as_sparsities(dict(block)) for block in values["grid"]]
    result: dict[str, Any] = {**values, "grid": blocks}
    found: dict[KeyPath, KeyPath] = {
        path: place for path, place in before.items() if path[0] == "grid" and path[-1] == "sparsities"
    } | {
        ("grid", number, "sparsities"): ("grid", number, key)
        for number, block in enumerate(values["grid"])
        for key in SPELLINGS
        if key in block
    }
    for key in GATHERED:
        gathering = _Gathering(key, _said(values, key, before))
        for number, block in enumerate(blocks):
            block[key] = list(_names(gathering, block[key], ("grid", number, key)))
        problems += gathering.problems
        gathered = [*gathering.entries.values(), *gathering.nameless]
        result[key] = [entry for entry, _ in gathered]
        found.update({(key, place): path for place, (_, path) in enumerate(gathered)})
    if problems:
        raise FormError(problems)
    result["sparsities"] = _sparsities(blocks)
    return NormalForm(result, found)


def as_written(values: dict[str, Any]) -> dict[str, Any]:
    """A study with blocks as its file says it: what the normal form says once stands in the blocks."""
    said = {key: {_name(entry): entry for entry in values[key]} for key in GATHERED}
    blocks = [
        {**block, **{key: [said[key].get(name, name) for name in block[key]] for key in GATHERED}}
        for block in values["grid"]
    ]
    return {key: value for key, value in values.items() if key not in BLOCK_KEYS} | {"grid": blocks}


def _with_sparsities(values: dict[str, Any], origins: dict[KeyPath, KeyPath]) -> NormalForm:
    """The values of a study without blocks: compressions as sparsities, its methods listed."""
    problems = list(problems_of(values, ()))
    if problems:
        raise FormError(problems)
    for key in {*SPELLINGS} & {*values}:
        origins = {**origins, ("sparsities",): (key,)}
    return _with_members(as_sparsities(_with_base(values, [values])), origins)


def _with_base(values: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """The values with what their sparsities are fractions of, where blocks have compressions; else as they are."""
    has_any = any("compressions" in block for block in blocks)
    return {**values, "base": "all"} if has_any and values.get("base", "prunable") == "prunable" else values


def _mixed_bases(values: dict[str, Any]) -> Iterator[Problem]:
    """A block with sparsities of prunable weights among blocks with compressions."""
    grid = values["grid"]
    if values.get("base", "prunable") == "prunable" and any("compressions" in block for block in grid):
        for number, block in enumerate(grid):
            if "compressions" not in block:
                yield Problem(
                    ("grid", number, "sparsities"),
                    "other blocks have compressions, which are fractions of all parameters, and one table cannot hold "
                    "both; say compressions here too, or sparsities everywhere",
                )


def _with_members(values: dict[str, Any], origins: dict[KeyPath, KeyPath]) -> NormalForm:
    """The values of a study without blocks, its methods listed."""
    given = listed(values.get("methods"))
    whole = members(given)
    if "methods" not in values or not isinstance(whole, list) or whole == values["methods"]:
        return NormalForm(values, origins)
    sources = [place for place, entry in enumerate(given) for _ in members([entry])]
    inside = isinstance(values["methods"], list)
    found: dict[KeyPath, KeyPath] = {
        ("methods", place): ("methods", source) if inside else ("methods",) for place, source in enumerate(sources)
    }
    return NormalForm({**values, "methods": whole}, origins | found)


def _beside(values: dict[str, Any]) -> Iterator[Problem]:
    beside = [key for key in (*BLOCK_KEYS, *SPELLINGS) if key in values]
    if beside:
        yield Problem(
            ("grid",),
            f"a study has either `grid`, whose blocks have their own {', '.join(BLOCK_KEYS)}, or these keys without "
            f"it; this one has {', '.join(beside)} beside `grid`: move {'them' if len(beside) > 1 else 'it'} into the "
            "blocks, or remove `grid`",
        )


def _block_problems(grid: Any) -> Iterator[Problem]:
    """Blocks that are no mappings of the keys that a block has, or lack one."""
    if not isinstance(grid, list):
        yield Problem(("grid",), f"must be a list of blocks, each with {', '.join(BLOCK_KEYS)}, not {grid!r:.60}")
        return
    if not grid:
        yield Problem(("grid",), f"the list is empty; name at least one block, with {', '.join(BLOCK_KEYS)}")
    for number, block in enumerate(grid):
        if isinstance(block, dict) and block:
            yield from _key_problems(block, ("grid", number))
        else:
            yield Problem(("grid", number), f"must be a block, with {', '.join(BLOCK_KEYS)}, not {block!r:.60}")


def _key_problems(block: dict[str, Any], path: KeyPath) -> Iterator[Problem]:
    allowed = [*Block.model_fields, *SPELLINGS]
    for key in block:
        if key == "references":
            yield Problem((*path, key), "references are those of the whole study; set them beside `grid`")
        elif key not in allowed:
            hint = f"unknown key '{key}'{suggestion(key, allowed)}; allowed in a block: {', '.join(allowed)}"
            yield Problem((*path, key), hint)
    yield from problems_of(block, path)
    for key in BLOCK_KEYS:
        if key not in block and not (key == "sparsities" and {*SPELLINGS} & {*block}):
            yield Problem((*path, key), "this key is missing, and a block needs it")
        elif key in ("tasks", "models") and block[key] in ([], None):
            yield Problem((*path, key), "the list is empty; name at least one")


def _said(values: dict[str, Any], key: str, origins: Mapping[KeyPath, KeyPath]) -> dict[str, tuple[Any, KeyPath]]:
    """What an earlier look has gathered, by name."""
    entries = listed(values.get(key))
    return {
        name: (entry, origins.get((key, place), (key, place)))
        for place, entry in enumerate(entries if isinstance(entries, list) else [])
        if isinstance(name := _name(entry), str)
    }


def _names(gathering: _Gathering, given: Any, path: KeyPath) -> Iterator[str]:
    entries = listed(given)
    for place, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        for one in members([entry]) if gathering.key == "methods" else [entry]:
            yield from gathering.take(one, (*path, place))


def _sparsities(blocks: list[dict[str, Any]]) -> list[Any]:
    """Those of all blocks that are any: each block's own are validated where they stand."""
    every = [one for block in blocks for one in (listed(block["sparsities"]) or ())]
    return list(dict.fromkeys(one for one in every if isinstance(one, int | float) and 0 < one < 1))


def _name(entry: Any) -> Any:
    return entry.get("name") if isinstance(entry, dict) else entry
