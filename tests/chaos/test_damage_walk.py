"""Every kind of file, damaged in every way, under every verb: verify names it, and no answer is another one."""

from __future__ import annotations

import itertools

import pytest

from tests.chaos.damage_walk import DAMAGES, KINDS, VERBS, scratch, walk

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

ALWAYS = ("verify",)
"""What looks at most: under every damage of every kind."""
TURNS = 13
"""Of the other verbs every thirteenth, in turn, so that each meets every kind of file and every damage."""


def cases() -> list[tuple[str, str, str]]:
    """What is tried: 14 kinds x 13 damages, each under two or three verbs. The module does all, as a script."""
    everything = itertools.product(enumerate(KINDS), enumerate(DAMAGES), enumerate(VERBS))
    return [
        (kind, damage, verb)
        for (row, kind), (column, damage), (turn, verb) in everything
        if verb in ALWAYS or (row + column + turn) % TURNS == 0
    ]


def test_every_verb_meets_every_kind_and_every_damage() -> None:
    """What the walk leaves out for want of time are combinations of three, none of two."""
    tried = cases()
    assert {(kind, verb) for kind, _, verb in tried} == set(itertools.product(KINDS, VERBS))
    assert {(damage, verb) for _, damage, verb in tried} == set(itertools.product(DAMAGES, VERBS))
    assert {(kind, damage) for kind, damage, _ in tried} == set(itertools.product(KINDS, DAMAGES))


def test_verify_names_every_damage_of_every_kind() -> None:
    """It goes on past what it finds, shows no traceback and does not wait."""
    with scratch() as place:
        assert [found for found in walk(place, [one for one in cases() if one[2] == "verify"]) if found[1]] == []


def test_no_damage_is_silent_and_none_shows_a_traceback() -> None:
    """Each case ends as if nothing were damaged, or with one line and a code that says so."""
    with scratch() as place:
        assert [found for found in walk(place, [one for one in cases() if one[2] != "verify"]) if found[1]] == []
