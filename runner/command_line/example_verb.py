"""`piesweep example`: one example's life, in a terminal or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.arguments import StoreArgument
from runner.command_line.output import print_facts, print_json, print_table, say
from runner.printable import printable

if TYPE_CHECKING:
    from analysis.example_life import Answer, Example, ModelLife
    from analysis.pictures import Picture

TEXT_SHOWN = 2_000
"""Characters of a text in a terminal."""
LONGEST_DRAWN = 64
"""Pixels of the longer side of a picture in a terminal."""
HALF_BLOCK = "\N{UPPER HALF BLOCK}"
DIFFERS = "\N{NOT EQUAL TO}"


def example(
    store: StoreArgument,
    address: Annotated[str, typer.Argument(metavar="TASK:SPLIT:ID", help="Which example: movie-snippets:test:177.")],
    model: Annotated[str | None, typer.Option(help="One model; default: all that the store has.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, whole texts and all votes.")] = False,
) -> None:
    """One example's life: text or picture, label, difficulty, its vote in every cell, and where pruning turns it."""
    from dataclasses import asdict

    from analysis.example_life import Address
    from analysis.example_life import example as found
    from analysis.pictures import pictures
    from analysis.relations.database import connect
    from analysis.relations.stopping import ends_at_once

    with ends_at_once():
        connection = connect(store)
        told = found(connection, Address.parse(address), model)
        if as_json:
            print_json(asdict(told))
            return
        number = told.address.example_id
        seen = pictures(connection, told.address.task, told.address.split, [number]).get(number)
    _print_example(told, seen)
    if not told.lives:
        print("no votes on it: of numbers and of written texts there are none; predictions has what each trial answers")
    for life in told.lives:
        _print_life(life, told)


def _print_example(told: Example, seen: Picture | None) -> None:
    facts: dict[str, object] = {
        "example": f"{told.address.task}, {told.address.split} split, {told.address.example_id}",
        "text": _shortened(told.text),
        "text pair": _shortened(told.text_pair),
        "picture": None if seen is None else seen.size,
        "label": list(told.gold) or "no class",
        "people's disagreement": None if told.disagreement is None else f"{told.disagreement:.4g}",
        **{name.replace("_", " "): f"{value:.4g}" for name, value in told.readability.items()},
    }
    print_facts({name: value for name, value in facts.items() if value is not None})
    if seen is not None:
        draw(seen)


def draw(seen: Picture) -> None:
    """Print a picture in half blocks, two pixels a character, on a terminal that has the colours for it; else nothing.

    One that is larger than LONGEST_DRAWN or than the terminal is made smaller.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console()
    if not console.is_terminal or console.no_color or console.color_system not in ("256", "truecolor"):
        return
    for line in half_blocks(seen.within(min(LONGEST_DRAWN, console.width))):
        console.print(Text.assemble(*line), no_wrap=True)


def half_blocks(seen: Picture) -> list[list[tuple[str, str]]]:
    """Two lines of pixels in one of characters, each with its style: its upper half is ink, its lower half ground."""
    width, colours = seen.width, seen.colours
    lines = [colours[at : at + width] for at in range(0, len(colours), width)]
    drawn = [
        [(HALF_BLOCK, f"{ink} on {ground}") for ink, ground in zip(upper, lower, strict=True)]
        for upper, lower in zip(lines[::2], lines[1::2], strict=False)
    ]
    return drawn if len(lines) % 2 == 0 else [*drawn, [(HALF_BLOCK, ink) for ink in lines[-1]]]


def _shortened(text: str | None) -> str | None:
    """A text as far as a terminal shows it, and how long it is."""
    if text is None or len(text) <= TEXT_SHOWN:
        return text
    return f"{text[:TEXT_SHOWN]} … (the first {TEXT_SHOWN:,} of {len(text):,} characters; --json has all)"


def _print_life(life: ModelLife, told: Example) -> None:
    dense = "not committed yet" if life.dense is None else _spelled(life.dense, told)
    say(f"\n{printable(life.model)}: dense vote {dense}")
    if life.el2n is not None:
        print(f"EL2N {life.el2n:.4g}, bin {life.bin} of 20 (the hardest in the last)")
    sparsities = sorted({answer.sparsity for answer in life.answers})
    if not sparsities:
        return
    from analysis.display_names import method_name, percent

    cells = {(answer.method, answer.sparsity): _spelled(answer, told, life.dense) for answer in life.answers}
    rows = []
    for turn in life.turns:
        grid = [cells.get((turn.method, sparsity), "") for sparsity in sparsities]
        flips = "never" if turn.flips_at is None else percent(turn.flips_at)
        back = "" if turn.flips_at is None else "no" if turn.flips_back_at is None else percent(turn.flips_back_at)
        rows.append((method_name(turn.method), *grid, flips, back))
    print_table(("method", *map(percent, sparsities), "flips at", "back at"), rows)
    said = "; + a class more than the dense vote, - one less" if told.are_sets else ""
    said = "; of a span those for its beginning and for its end" if told.is_span else said
    said = "; words that have the dense vote's tag are left out" if told.words else said
    print(f"{DIFFERS} not the dense vote: a PIE of that cell. k/n: k of n seeds predict the class{said}.")


def _spelled(answer: Answer, told: Example, dense: Answer | None = None) -> str:
    """A vote with the seeds for it; for several classes and for tags what is not as in the dense vote."""
    if told.words:
        return _tags(answer, told.words, dense)
    if told.is_span:
        return _text_of(answer, told.text_pair or "")
    if told.are_sets and dense is not None:
        return _changes(answer, dense)
    named = zip(answer.vote, answer.votes, strict=True)
    text = ", ".join(f"{printable(name)} {count}/{answer.seeds}" for name, count in named)
    return f"{text or f'no class, {answer.seeds} seeds'}{f' {DIFFERS}' if answer.differs else ''}"


def _tags(answer: Answer, words: tuple[str, ...], dense: Answer | None) -> str:
    """Words with their tags, those that have the dense vote's left out."""
    if dense is not None and not answer.differs:
        return "same"
    before = (None,) * len(words) if dense is None else dense.vote
    named = [
        f"{printable(word)} {printable(tag)} {count}/{answer.seeds}"
        for word, tag, count, other in zip(words, answer.vote, answer.votes, before, strict=True)
        if tag != other
    ]
    return f"{', '.join(named)}{f' {DIFFERS}' if answer.differs else ''}"


def _text_of(answer: Answer, passage: str) -> str:
    """What the voted beginning and end enclose, with the seeds for each."""
    begin, end = map(int, answer.vote)
    text = printable(passage[begin:end]) if begin < end else f"nothing, {begin} to {end}"
    return f"{text} {'-'.join(map(str, answer.votes))}/{answer.seeds}{f' {DIFFERS}' if answer.differs else ''}"


def _changes(answer: Answer, dense: Answer) -> str:
    if not answer.differs:
        return "same"
    more = [
        f"+{printable(name)} {count}/{answer.seeds}"
        for name, count in zip(answer.vote, answer.votes, strict=True)
        if name not in dense.vote
    ]
    less = [f"-{printable(name)}" for name in dense.vote if name not in answer.vote]
    return f"{', '.join([*more, *less])} {DIFFERS}"
