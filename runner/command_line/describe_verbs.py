"""`piesweep list` and `piesweep describe`: what there is to choose from, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from runner.command_line.output import print_facts, print_json, print_table, say
from runner.command_line.plan_verb import ChangesArgument, StudyArgument

Registry = Literal["tasks", "models", "methods", "studies", "views", "tables", "figures"]
Rows = list[dict[str, Any]]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]

IN_TABLE = ("train", "validation", "test", "classes", "kind", "max_tokens", "tokens", "statistics")
"""What `describe task` shows as a table."""

app = typer.Typer(help="Say what is known of a model, task, method, view or study.", no_args_is_help=True)


def list_registered(
    what: Annotated[
        Registry | None, typer.Argument(help="Which registry; all but tables and figures if left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the tasks, models, methods, studies, views, tables or figures there are."""
    named = [what] if what else [name for name in REGISTRIES if name not in REPORTED]
    chosen = {name: REGISTRIES[name]() for name in named}
    if as_json:
        print_json(chosen[what] if what else chosen)
        return
    for index, (name, rows) in enumerate(chosen.items()):
        if index:
            print()
        print_table(list(rows[0]), [list(row.values()) for row in rows], title=None if what else name)


@app.command("model")
def describe_model(
    name: Annotated[str, typer.Argument(help="An architecture of `piesweep list models`.")],
    classes: Annotated[
        int | None, typer.Option(min=2, help="How many classes the output layer has; 10 for LeNet and ResNets, else 2.")
    ] = None,
    options: Annotated[
        list[str] | None, typer.Argument(metavar="[OPTION=VALUE]...", help="Options, such as hidden=200.")
    ] = None,
    protocol: Annotated[Literal["paper", "release"], typer.Option(help="Whose rule of what is prunable.")] = "paper",
    as_json: JsonOption = False,
) -> None:
    """Count a model's parameters, and those that may be pruned, without its weights."""
    from runner.models.catalogue import describe
    from runner.studies.overrides import read_pairs
    from runner.studies.study import ProtocolChoice

    switches = ProtocolChoice(base=protocol).resolve()
    _print_card(describe(name, classes, switches, read_pairs(options or [], Path.cwd())), as_json)


@app.command("task")
def describe_task(
    name: Annotated[str, typer.Argument(help="A task of `piesweep list tasks`.")],
    data: Annotated[Path | None, typer.Option(help="Your copy of its data: a folder or archive.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a task consists of: source, licence, and its sizes, lengths and classes beside the paper's Table 7."""
    from analysis.data_sets import LONGEST, beside_published
    from tasks.catalogue import describe

    card = describe(name, data)
    rows = beside_published(name, card["statistics"])
    if as_json:
        print_json({**card, "beside_paper": rows})
        return
    print_facts({key: value for key, value in card.items() if key not in IN_TABLE})
    print()
    compared = any(row["paper"] is not None for row in rows)
    columns = list(rows[0]) if compared else ["statistic", "here"]
    print_table(columns, [[row[column] for column in columns] for row in rows])
    if compared:
        print(f"\nLengths are tokens by torchtext's basic_english, over all splits; {LONGEST}.")


@app.command("method")
def describe_method(
    name: Annotated[str, typer.Argument(help="A method of `piesweep list methods`.")],
    options: Annotated[
        list[str] | None, typer.Argument(metavar="[OPTION=VALUE]...", help="Options, such as rounds=5.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a pruning method is made of: score, schedule, scope, recovery, options, and how long it trains."""
    from runner.chosen_options import resolve
    from runner.method_options import OPTIONS
    from runner.methods import NAMED
    from runner.pruning.schedules import schedule_of
    from runner.studies.errors import StudyError, unknown
    from runner.studies.overrides import read_pairs

    if name not in NAMED:
        raise StudyError(unknown("method", name, NAMED))
    chosen = resolve(name, read_pairs(options or [], Path.cwd()))
    card = next(row for row in _methods() if row["method"] == name)
    phases = schedule_of(card["schedule"], chosen).phases(10, 10)
    told = {option: f"{value} ({OPTIONS[option].meaning})" for option, value in chosen.items()}
    own = {"options": chosen} if as_json else {f"option {option}": text for option, text in told.items()}
    card.pop("options")
    _print_card({**card, **own, "epochs where the dense model trains 10": " + ".join(map(str, phases))}, as_json)


@app.command("view")
def describe_view(
    name: Annotated[str, typer.Argument(help="A view of `piesweep list views`.")],
    as_json: JsonOption = False,
) -> None:
    """Say what a view of `piesweep sql` holds: its columns, their types, what each is, and a query to begin with."""
    from dataclasses import asdict

    from analysis.relations.database import VIEWS
    from analysis.view_card import view_card
    from runner.studies.errors import StudyError, unknown

    if name not in VIEWS:
        raise StudyError(unknown("view", name, VIEWS))
    card = view_card(name)
    if as_json:
        print_json(asdict(card))
        return
    print_facts({"view": card.name, "holds": card.holds, "grain": card.grain, "reference": card.reference})
    print()
    print_table(("column", "type", "meaning"), [(one.name, one.kind, one.meaning) for one in card.columns])
    print(f"\n{card.example}")


@app.command("study")
def describe_study(study: StudyArgument, changes: ChangesArgument = None, as_json: JsonOption = False) -> None:
    """Print a study as it is understood, overrides applied."""
    from runner.studies import load

    loaded = load(study, changes or []).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    if as_json:
        print_json(loaded)
        return
    import yaml

    say(yaml.safe_dump(loaded, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120).rstrip("\n"))


def _print_card(card: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(card)
    else:
        print_facts(card)


def _tasks() -> Rows:
    from tasks import TASKS
    from tasks.base import SPLITS

    return [
        {
            "task": name,
            "title": task.title,
            "kind": task.kind,
            "inputs": task.inputs,
            **{split: (task.sizes or {}).get(split) for split in SPLITS},
            "needs your data": task.needs_data,
        }
        for name, task in TASKS.items()
    ]


def _models() -> Rows:
    from runner.models import MODELS

    return [
        {"model": name, "title": entry.title, "inputs": list(entry.inputs), "options": dict(entry.options)}
        for name, entry in MODELS.items()
    ]


def _methods() -> Rows:
    from runner.methods import NAMED

    return [
        {
            "method": name,
            "title": method.title,
            "score": method.score,
            "schedule": method.schedule,
            "scope": method.scope,
            "recovery": method.recovery,
            "shares dense training": method.starts_dense,
            "options": dict(method.options),
        }
        for name, method in NAMED.items()
    ]


def _studies() -> Rows:
    from runner.studies import STUDIES, load

    return [{"study": name, "description": load(name).description} for name in STUDIES]


def _views() -> Rows:
    from analysis.relations.database import VIEWS

    return [{"view": name, "holds": holds} for name, holds in VIEWS.items()]


def _tables() -> Rows:
    from analysis.tables import TABLES
    from analysis.tables.beside_papers import NAMES

    return [{"table": name, "shows": (build.__doc__ or "").partition("\n")[0]} for name, build in TABLES.items()] + [
        {"table": name, "shows": "What is here beside what the paper printed."} for name in NAMES
    ]


def _figures() -> Rows:
    from analysis.figures import FIGURES

    return [{"figure": name, "shows": drawing.title, "views": list(drawing.views)} for name, drawing in FIGURES.items()]


REPORTED = ("tables", "figures")
"""What a report shows: to name these, everything that computes and draws them is loaded."""

REGISTRIES: dict[Registry, Callable[[], Rows]] = {
    "tasks": _tasks,
    "models": _models,
    "methods": _methods,
    "studies": _studies,
    "views": _views,
    "tables": _tables,
    "figures": _figures,
}
