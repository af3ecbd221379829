"""`piesweep compare`: two stores side by side, in a terminal or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runner.command_line.output import print_json, print_table, say
from runner.printable import printable
from runner.store.files.place import place

if TYPE_CHECKING:
    from analysis.pictures import Picture
    from analysis.relations.database import Database
    from analysis.two_stores.moved import Moved

ALPHA = 0.05
MARK = "*"
ExamplePlace = tuple[str, str, int]
NAMES = {"effectiveness_change": "effectiveness", "distance_change": "distance from dense", "changed": "answers"}
"""What the three tests are about."""


def compare(
    one: Annotated[Path, typer.Argument(metavar="A", parser=place, help="A store.")],
    other: Annotated[Path, typer.Argument(metavar="B", parser=place, help="The store that is compared with it.")],
    examples: Annotated[int, typer.Option(min=0, help="How many examples to print whose votes changed.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, every number unrounded.")] = False,
) -> None:
    """Set two stores side by side: what moved beyond seed noise, and which examples changed their votes.

    Examples are matched by their content (task, split, texts, label), cells by task, model, method and sparsity. Exits
    2 with the reasons where nothing can be compared. Reads both stores alone and changes nothing in them.
    """
    from dataclasses import asdict

    from analysis.relations.stopping import ends_at_once
    from analysis.two_stores.moved import compare_stores
    from analysis.two_stores.opened import opened

    with ends_at_once(), opened(one) as mine, opened(other) as theirs:
        found = compare_stores(mine, theirs, examples)
        seen = {} if as_json else _pictures(found.examples, mine.connection)
    if as_json:
        print_json(asdict(found))
        return
    _print_matches(found)
    for task in found.tasks:
        own = [row for row in found.cells if row["task"] == task.task]
        for model in dict.fromkeys(row["model"] for row in own):
            _print_cells(f"{task.task}, {model}, {task.split} split", [row for row in own if row["model"] == model])
    _print_verdict(found)
    _print_examples(found, seen)


def _print_matches(found: Moved) -> None:
    for task in found.tasks:
        said = [f"{task.task}, {task.split} split: {task.examples:,} examples in both"]
        said += [f"{task.alone:,} in A alone"] if task.alone else []
        said += [f"{task.other_alone:,} in B alone"] if task.other_alone else []
        said += [f"{task.relabelled:,} of A's have another label in B"] if task.relabelled else []
        said += [f"{task.cells} cells in both, {task.cells_alone} in A alone, {task.other_cells_alone} in B alone"]
        say("; ".join(said))
    for reason in found.left_out:
        say(f"not compared: {reason}")
    if found.same_trials:
        say(f"{found.same_trials} trials are in both stores: intervals, which take A and B for unrelated, are too wide")


def _print_cells(title: str, rows: list[dict[str, Any]]) -> None:
    from analysis.display_names import method_name, percent

    say(f"\n{title}: B less A, in points")
    print_table(
        (
            "method",
            "sparsity",
            "seeds",
            "effectiveness",
            "change",
            "PIE %",
            "change",
            "excess: change",
            "votes changed",
            "beyond seeds",
        ),
        [
            (
                method_name(row["method"]),
                percent(row["sparsity"]),
                _seeds(row),
                _both(row, "effectiveness"),
                _change(row, "effectiveness_change"),
                _both(row, "pie_rate"),
                _change(row, "pie_rate_change") + _mark(row, "distance_change"),
                _change(row, "excess_change"),
                "" if row["changed"] is None else f"{row['changed'] * 100:.1f}",
                _change(row, "beyond") + _mark(row, "changed"),
            )
            for row in rows
        ],
    )


def _seeds(row: dict[str, Any]) -> str:
    if row["seeds"] == row["other_seeds"]:
        return str(row["seeds"])
    return f"{row['compared_seeds']} of {row['seeds']}, {row['other_seeds']}"


def _both(row: dict[str, Any], name: str) -> str:
    if row.get(name) is None:
        return ""
    return f"{row[name] * 100:.1f}, {row[f'other_{name}'] * 100:.1f}"


def _change(row: dict[str, Any], name: str) -> str:
    if row.get(name) is None:
        return ""
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    interval = "" if low is None or high is None else f" ({low * 100:+.1f} to {high * 100:+.1f})"
    return f"{row[name] * 100:+.1f}{interval}{_mark(row, name)}"


def _mark(row: dict[str, Any], name: str) -> str:
    p = row.get(f"{name}_corrected_p")
    return MARK if p is not None and p <= ALPHA else ""


def _print_verdict(found: Moved) -> None:
    from analysis.two_stores.cells import least_p
    from runner.studies.seed_advice import LEAST_SEEDS

    unequal = any(row["seeds"] != row["other_seeds"] for row in found.cells)
    say(
        "\nEffectiveness, PIE %: A, B. Changes with 95 % intervals over seeds, on these examples. Votes changed: % of "
        "examples; beyond seeds: between halves of A's and B's seeds, less between halves of one store's."
        + (
            " Where seeds are unequally many, the lowest as many of both count: rates fall as seeds are added."
            * unequal
        )
    )
    tested = [row for row in found.cells if row["compared_seeds"] >= LEAST_SEEDS]
    if len(tested) < len(found.cells):
        say(
            f"Of fewer than {LEAST_SEEDS} seeds a side nothing can be told apart from seed noise: no interval, no test."
        )
    if not tested:
        return
    told = {name: sum(bool(_mark(row, name)) for row in tested) for name in NAMES}
    said = ", ".join(f"{NAMES[name]} in {count}" for name, count in told.items() if count)
    cells = f"{len(tested)} cell{'' if len(tested) == 1 else 's'}"
    how = f"seeds handed out anew, p <= {ALPHA:g} after Holm's correction"
    say(
        f"{MARK} Beyond seed noise ({how}): {said} of {cells}. For PIE % and votes single models are tested."
        if said
        else f"Nothing is told apart from seed noise in {cells} ({how})."
    )
    least = min(least_p(row["compared_seeds"]) for row in tested) * max(_families(tested))
    if not said and least > ALPHA:
        say(f"So few seeds can show nothing in so many cells: the least corrected p is {min(least, 1):.2g}.")


def _families(rows: list[dict[str, Any]]) -> list[int]:
    sizes: dict[tuple[str, str], int] = {}
    for row in rows:
        sizes[row["task"], row["model"]] = sizes.get((row["task"], row["model"]), 0) + 1
    return list(sizes.values())


def _print_examples(found: Moved, seen: dict[ExamplePlace, Picture]) -> None:
    from analysis.quoting import quoted

    if not found.examples:
        return
    say("\nVotes of pruned models that changed in most cells (some by seeds alone, as above):\n")
    for row in found.examples:
        say(quoted(row["text"], row["text_pair"], row["example_id"], seen.get(_place(row))))
        say(
            f"  gold {printable(row['label'] or 'unknown')} · {row['task']}, {row['model']}, {row['split']} example "
            f"{row['example_id']} of A: changed in {row['changed_cells']} of {row['cells']} cells\n"
        )


def _pictures(rows: list[dict[str, Any]], connection: Database) -> dict[ExamplePlace, Picture]:
    """The pictures of the examples that have no text, by task, split and id."""
    from analysis.pictures import pictures

    return {
        (task, split, number): seen
        for task, split, wanted in [_place(row) for row in rows if not row["text"] and not row["text_pair"]]
        for number, seen in pictures(connection, task, split, [wanted]).items()
    }


def _place(row: dict[str, Any]) -> ExamplePlace:
    return row["task"], row["split"], row["example_id"]
