"""`piesweep check`: what a study's data are, before anything trains."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from runner.command_line.output import print_facts, print_json, print_table
from runner.command_line.plan_verb import ChangesArgument, StudyArgument


def check(
    study: StudyArgument,
    changes: ChangesArgument = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a study instead of tables.")] = False,
) -> None:
    """Read a study's data and say what they are: classes with their counts per split, lengths, and what is doubtful.

    Doubts are labels that look alike or that train lacks, copies of examples within and across splits, and texts that
    max_tokens cuts. Exits 0 with warnings, 2 where data are refused.
    """
    from runner.studies import load
    from runner.studies.checks import unrecorded
    from tasks.base import TaskError
    from tasks.catalogue import open_task
    from tasks.overview import overview

    found, refused = [], []
    loaded = load(study, changes or [])
    for choice in loaded.tasks:
        try:
            found.append(overview(open_task(choice)))
        except TaskError as error:
            refused.append(str(error))
    if as_json:
        print_json({"tasks": found, "refused": refused})
    else:
        for task in found:
            _print_task(task)
        for told in unrecorded(loaded):
            print(told)
    if refused:
        raise TaskError("\n".join(refused))


def _images(facts: dict[str, Any]) -> str:
    """Size, scale and variations of images, as people say them."""
    scale = f"mean {' '.join(map(str, facts['mean']))}, deviation {' '.join(map(str, facts['deviation']))}"
    varied = f"; training varies them: {', '.join(facts['variations'])}" if facts["variations"] else ""
    return f"{facts['width']} x {facts['height']} pixels, channels: {facts['channels']}; {scale}{varied}"


def _print_task(task: dict[str, Any]) -> None:
    facts = {
        "task": f"{task['task']} ({task['kind']}, {task['inputs']}, scored by {task['metric']})",
        "examples": task["splits"],
        **({"images": _images(task["images"])} if "images" in task else {"max_tokens": task["max_tokens"]}),
    }
    if "tokens" in task:
        facts["tokens"] = task["tokens"]
        facts["in windows" if "stride" in task else "cut"] = ", ".join(
            f"{share:.1%} of {split}" for split, share in task["cut"].items()
        )
    if task["note"]:
        facts["note"] = task["note"]
    print_facts(facts)
    print()
    rows = [(name, *counts.values()) for name, counts in task["classes"].items()]
    if rows:
        print_table(("class", *task["splits"]), rows)
    for warning in task["warnings"]:
        print(f"warning: {warning}")
    print()
