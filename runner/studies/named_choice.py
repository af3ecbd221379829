"""Entries of a study that have a name of their own, what of the project stands behind it, and that one's options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Options = dict[str, str | int | float | bool]


class Choices(BaseModel):
    """A bundle of a study's choices: nothing unknown in it, nothing changed after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def gathered(given: Any, fields: Mapping[str, Any], base: str) -> Any:
    """An entry with its options in one mapping: `{name: wide, model: bilstm, hidden: 200}` has them beside its name.

    A bare name is what the project has under it; so is an entry without `base`, the key of what stands behind the name.
    Other shapes stay as they are, for validation to name.
    """
    if isinstance(given, str):
        return {"name": given, base: given}
    if not isinstance(given, Mapping):
        return given
    beside = {key: value for key, value in given.items() if key not in fields}
    inside = given.get("options", {})
    entry = {key: value for key, value in given.items() if key in fields}
    if "name" in entry:
        entry.setdefault(base, entry["name"])
    return {**entry, "options": {**inside, **beside} if isinstance(inside, Mapping) else inside}
