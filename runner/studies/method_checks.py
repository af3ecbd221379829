"""Whether the methods and references of a study have names and options of their own."""

from __future__ import annotations

from collections.abc import Iterator

from runner.methods import MethodError, resolve
from runner.studies.errors import Problem, repeated
from runner.studies.study import Study


def problems(study: Study) -> Iterator[Problem]:
    """What is wrong with the names and options of a study's methods and references."""
    taken = repeated(choice.name for choice in (*study.methods, *study.references))
    if taken:
        yield Problem(
            ("references",),
            f"names given to methods and references alike: {', '.join(map(str, taken))}; give each its own `name`",
        )
    for key, choices in (("methods", study.methods), ("references", study.references)):
        for index, choice in enumerate(choices):
            for option, value in choice.options.items():
                try:
                    resolve(choice.method, {option: value})
                except MethodError as error:
                    yield Problem((key, index, option), str(error))
