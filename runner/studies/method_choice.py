"""The methods and references of a study: lines of METHODS and REFERENCES, under their own names or others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, model_serializer, model_validator

from runner.chosen_options import resolve
from runner.method import Method
from runner.methods import DENSE, METHOD_SETS, METHODS, NAMED, REFERENCES
from runner.studies.errors import unknown
from runner.studies.named_choice import Choices, Name, Options, gathered


class MethodChoice(Choices):
    """One entry of `methods`: a line of METHODS, under its own name or another, with what the study changes of it.

    In a study the options stand beside the name: `{name: imp-5, method: imp-ft, rounds: 5}`. tasks: what they are on
    some of its tasks instead: `{name: gmp, tasks: {glue/mnli: {begins: 0.05}}}`.
    """

    name: Name
    method: str
    options: Options = Field(default_factory=dict)
    tasks: dict[str, Options] = Field(default_factory=dict)

    lines: ClassVar[Mapping[str, Method]] = METHODS

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, given: Any) -> Any:
        entry = gathered(given, cls.model_fields, "method")
        if isinstance(entry, Mapping) and isinstance(entry.get("method"), str):
            cls._require_line(entry["method"])
        return entry

    @model_validator(mode="after")
    def _own_name(self) -> MethodChoice:
        if self.name != self.method and (self.name in NAMED or self.name in METHOD_SETS or self.name == DENSE):
            raise ValueError(
                f"'{self.name}' is the name of something else, and tables would take this for it; give what is made of "
                f"'{self.method}' a name of its own, such as {self.method}-2"
            )
        return self

    @model_serializer
    def _as_written(self) -> str | dict[str, Any]:
        """A bare name where that says all."""
        if self.name == self.method and not self.options and not self.tasks:
            return self.name
        tasks = {"tasks": self.tasks} if self.tasks else {}
        return {"name": self.name, "method": self.method, **self.options, **tasks}

    @classmethod
    def _require_line(cls, name: str) -> None:
        if name == DENSE:
            raise ValueError(f"the dense models are always part of a study; leave '{DENSE}' out of the methods")
        if name in REFERENCES:
            raise ValueError(f"'{name}' prunes nothing; list it under references: [{name}]")
        if name not in METHODS:
            raise ValueError(unknown("method", name, [*METHODS, *METHOD_SETS]))

    @property
    def line(self) -> Method:
        """The line of METHODS or REFERENCES behind the name."""
        return self.lines[self.method]

    @property
    def base(self) -> str:
        """The name of that line where the study has given another one, as trials have it."""
        return "" if self.method == self.name else self.method

    def on(self, task: str) -> MethodChoice:
        """The choice as it is on one task."""
        return self.model_copy(update={"options": {**self.options, **self.tasks.get(task, {})}, "tasks": {}})

    @property
    def settings(self) -> dict[str, Any]:
        """Every option with its value, defaults included. MethodError where one is wrong."""
        return resolve(self.method, self.options)

    @property
    def changed(self) -> tuple[tuple[str, Any], ...]:
        """Options that differ from the line's defaults, sorted."""
        defaults = self.line.options
        return tuple(sorted((key, value) for key, value in self.settings.items() if value != defaults[key]))


class ReferenceChoice(MethodChoice):
    """One entry of `references`: a line of REFERENCES, under its own name or another, with what the study changes."""

    lines: ClassVar[Mapping[str, Method]] = REFERENCES

    @classmethod
    def _require_line(cls, name: str) -> None:
        if name not in REFERENCES:
            raise ValueError(unknown("reference", name, REFERENCES))


def members(names: Any) -> Any:
    """A list of methods with the names of sets replaced by the methods that they hold; other shapes as they are."""
    listed = [names] if isinstance(names, str) else names
    if not isinstance(listed, Sequence):
        return listed
    return [
        one for entry in listed for one in (METHOD_SETS.get(entry, (entry,)) if isinstance(entry, str) else [entry])
    ]
