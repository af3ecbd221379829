"""Resolve the options of a method: its defaults with a study's changes, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.method_options import OPTIONS
from runner.methods import NAMED
from runner.options import no_option, wrong_type
from runner.pruning.schedules import schedule_of


class MethodError(ValueError):
    """A bad choice of a method's options: says what was given, what is allowed and what to do."""

    exit_status = 2


def resolve(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a method or reference: its defaults with the study's changes.

    MethodError for an unknown option, a value of another type than the default's, or one out of bounds.
    """
    chosen = dict(NAMED[name].options)
    for key, value in options.items():
        chosen[key] = _checked(name, key, value)
    try:
        schedule_of(NAMED[name].schedule, chosen)
    except ValueError as error:
        raise MethodError(f"options of method '{name}' do not go together: {error}") from error
    return chosen


def wrong(name: str, option: str, value: Any) -> str:
    """What is wrong with one option by itself; nothing where it may go with some others."""
    try:
        _checked(name, option, value)
    except MethodError as error:
        return str(error)
    return ""


def _checked(name: str, key: str, value: Any) -> Any:
    """The value of an option; whole numbers stand for the numbers they are."""
    defaults = NAMED[name].options
    if key not in defaults:
        raise MethodError(no_option("method", name, key, defaults))
    default, bounds = defaults[key], OPTIONS[key]
    wanted = type(default)
    given = float(value) if wanted is float and type(value) is int else value
    if type(given) is not wanted:
        raise MethodError(wrong_type("method", name, key, value, default))
    if not bounds.allows(given):
        raise MethodError(
            f"option '{key}' of method '{name}' is {value!r}; allowed: {bounds.allowed} ({bounds.meaning})"
        )
    return given
