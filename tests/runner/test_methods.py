"""What a method is: its options within bounds, and what of it a trial's id knows."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from runner import methods
from runner.chosen_options import MethodError, resolve
from runner.method import Method
from runner.method_options import OPTIONS
from runner.methods import METHODS, NAMED, REFERENCES, SCORE_VERSIONS
from runner.plan import identify, plan, training_units
from runner.pruning.gates import GATES
from runner.pruning.penalties import PENALTIES
from runner.pruning.schedules import SCHEDULES, Rounds, schedule_of
from runner.pruning.scores import SCORES
from runner.pruning.teachers import TEACHERS
from runner.spec import TrialSpec
from runner.studies import load
from tests.runner.studies.samples import changed, written

OWN = "[imp-ft, rp-ai, {name: imp-5, method: imp-ft, rounds: 5}]"


@pytest.fixture
def trials(tmp_path):
    """The identified trials of the small study with these methods and references, by coordinates."""

    def identified(methods="[imp-ft, rp-ai, mp-ai]", references="[dense-4e]"):
        text = changed("[imp-ft, rp-ai]", methods) + f"references: {references}\n"
        found = identify(plan(load(str(written(tmp_path, text)))), {"movie-snippets": "0" * 16})
        return {spec.coordinates: spec for spec in found.trials}

    return identified


def ids(trials):
    """The ids of trials, by coordinates."""
    return {place: spec.trial_id for place, spec in trials.items()}


def changed_methods(before, after):
    """The methods of the trials whose ids differ; all of a method's do, or none."""
    differ = {place[2] for place in before if before[place] != after[place]}
    assert all(before[place] != after[place] for place in before if place[2] in differ)
    return differ


def test_every_method_says_what_it_is():
    """No two lines have one title: a line that shares fields with others does not take theirs."""
    titles = [line.title for line in NAMED.values()]
    assert len({*titles}) == len(titles)
    assert not {*titles} & {line.title for line in vars(methods).values() if isinstance(line, Method)}


@pytest.mark.parametrize("name", NAMED)
def test_options_are_those_of_the_schedule(name):
    """Every option is read by the score, schedule, gate, teacher, penalty or training set, and may be its default."""
    line = NAMED[name]
    chosen = ((GATES, line.gate), (TEACHERS, line.teacher), (PENALTIES, line.penalty))
    others = [registry[name] for registry, name in chosen if name]
    pieces = [SCHEDULES[line.schedule], SCORES[line.score], *others]
    fields = {field.name for piece in pieces if dataclasses.is_dataclass(piece) for field in dataclasses.fields(piece)}
    assert set(line.options) <= (fields | {"samples", "statistics"}) & set(OPTIONS)
    assert resolve(name, line.options) == line.options
    assert {
        key: value for key, value in vars(schedule_of(line.schedule, line.options)).items() if key in line.options
    } == {key: value for key, value in line.options.items() if key in vars(SCHEDULES[line.schedule])}


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("imp-ft", {"ronds": 5}, r"has no option 'ronds' \(did you mean 'rounds'\?\); allowed: rounds \(default 3\)"),
        ("mp-ai", {"rounds": 5}, "method 'mp-ai' has no option 'rounds'; allowed: none"),
        ("imp-ft", {"rounds": "5"}, r"is '5' \(str\); it must be of type int, such as 3"),
        ("imp-ft", {"rounds": True}, r"is True \(bool\)"),
        ("imp-ft", {"rounds": 0}, "is 0; allowed: 1 to 100"),
        ("dense-4e", {"times": 1}, "is 1; allowed: 2 to 101"),
        ("gmp", {"afterwards": "never"}, "is 'never'; allowed: fixed, every-step"),
        ("gmp", {"afterwards": 1}, r"is 1 \(int\); it must be of type str"),
    ],
)
def test_options_that_cannot_be_are_refused(name, options, said):
    """Unknown ones with the nearest, others by type and bounds."""
    with pytest.raises(MethodError, match=said):
        resolve(name, options)


def test_a_whole_number_is_a_number(monkeypatch):
    """An option whose default is a fraction takes 1 as 1.0: ids do not depend on how it is written."""
    slow = Method(title="Slow", score="magnitude", schedule="rounds", options={"rounds": 2.0})
    monkeypatch.setitem(METHODS, "slow", slow)
    assert [type(value) for value in resolve("slow", {"rounds": 1}).values()] == [float]


def test_an_option_changes_the_ids_of_its_trials_alone(trials):
    """Rounds are part of the id of who has others; who has the default's, said or not, keeps the id of before."""
    before = ids(trials())
    assert changed_methods(before, ids(trials("[{name: imp-ft, rounds: 5}, rp-ai, mp-ai]"))) == {"imp-ft"}
    assert changed_methods(before, ids(trials("[{name: imp-ft, rounds: 3}, rp-ai, mp-ai]"))) == set()
    assert changed_methods(before, ids(trials(references="[{name: dense-4e, times: 6}]"))) == {"dense-4e"}


def test_a_name_of_ones_own_stands_for_a_line(trials):
    """A trial under a study's own name knows the line behind it and its changed options, and prunes as they say."""
    found = trials(OWN)
    own = found["movie-snippets", "bilstm", "imp-5", 0.9, 0]
    assert (own.base_method, own.method_options) == ("imp-ft", (("rounds", 5),))
    assert (own.method_settings, own.method_line) == ({"rounds": 5}, METHODS["imp-ft"])
    assert own.shares_parent
    assert own.parent_id == found["movie-snippets", "bilstm", "dense", 0.0, 0].trial_id
    assert (training_units(own), training_units(own, shared=False)) == (5, 6)
    plain = found["movie-snippets", "bilstm", "imp-ft", 0.9, 0]
    assert (plain.base_method, plain.method_options, training_units(plain)) == ("", (), 3)


def test_a_spec_survives_as_settings(trials):
    """What a record keeps of a trial names the same trial again; records of before options were there still do."""
    for spec in trials(OWN).values():
        settings = spec.settings()
        assert TrialSpec.from_settings(settings) == spec
        if not spec.base_method:
            older = {key: value for key, value in settings.items() if key not in ("base_method", "method_options")}
            assert TrialSpec.from_settings(older).trial_id == spec.trial_id


@pytest.mark.parametrize(
    ("piece", "concerned"),
    [
        ("method", {"imp-ft"}),
        ("score", {"imp-ft", "mp-ai"}),
        ("schedule", {"imp-ft"}),
        ("unpruned schedule", {"dense-4e"}),
        ("reference", {"dense-4e"}),
    ],
)
def test_a_raised_version_changes_the_ids_of_its_trials_alone(trials, monkeypatch, piece, concerned):
    """Method, score and schedule count for those they make; the dense models, which they do not, keep their ids."""
    before = trials()
    if piece == "method":
        monkeypatch.setitem(METHODS, "imp-ft", dataclasses.replace(METHODS["imp-ft"], version=2))
    elif piece == "score":
        monkeypatch.setitem(SCORE_VERSIONS, "magnitude", 2)
    elif piece == "schedule":
        monkeypatch.setitem(SCHEDULES, "rounds", Rounds(3, version=2))
    elif piece == "unpruned schedule":
        monkeypatch.setitem(SCHEDULES, "unpruned", dataclasses.replace(cast("Any", SCHEDULES["unpruned"]), version=2))
    else:
        monkeypatch.setitem(REFERENCES, "dense-4e", dataclasses.replace(REFERENCES["dense-4e"], version=2))
    after = trials()
    assert changed_methods(ids(before), ids(after)) == concerned
    assert {place: spec.parent_id for place, spec in before.items()} == {
        place: spec.parent_id for place, spec in after.items()
    }


def test_a_line_that_comes_later_is_known_at_once(monkeypatch):
    """What NAMED has is what METHODS and REFERENCES have now, the pruning ones first."""
    monkeypatch.setitem(METHODS, "new", METHODS["mp-ai"])
    assert list(NAMED) == [*METHODS, *REFERENCES]
    assert NAMED["new"] is METHODS["mp-ai"]
