"""A plan says exactly which trials a study means, under which ids, and at what cost."""

from __future__ import annotations

import dataclasses
import os

import pytest

from runner.estimate import estimate
from runner.plan import canaries, content_fingerprint, identify, plan
from runner.spec import TrialSpec
from runner.studies import STUDIES, StudyError, load
from tests.runner.studies.samples import SMALL, changed, written

DATA = {name: f"{index:016x}" for index, name in enumerate(("imdb", "snli", "reuters", "aapd", "movie-snippets"), 1)}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with word vectors under the name that the shipped studies use."""
    (tmp_path / "glove.840B.300d.txt").write_text("a 1 2 3\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small(tmp_path):
    """The plan of the small study, or of another text, with overrides."""

    def planned(*overrides, text=SMALL):
        return plan(load(str(written(tmp_path, text)), list(overrides)))

    return planned


def identified(planned):
    """The trials with ids, by coordinates."""
    return {spec.coordinates: spec for spec in identify(planned, DATA).trials}


def test_references_stand_beside_the_dense_models(small):
    """One dense-4e trial for each task, model and seed, which goes on from the dense trial; all other ids stay."""
    before, after = identified(small()), identified(small("references=[dense-4e]"))
    added = [spec for place, spec in after.items() if place not in before]
    dense = {spec.trial_id for spec in before.values() if spec.is_dense}
    assert {place: spec.trial_id for place, spec in before.items()} == {
        place: spec.trial_id for place, spec in after.items() if place in before
    }
    assert {(spec.method, spec.sparsity) for spec in added} == {("dense-4e", 0.0)}
    assert sorted(spec.parent_id for spec in added) == sorted(dense)
    plain, more = estimate(small()), estimate(small("references=[dense-4e]"))
    assert more.references == len(dense)
    assert more.training_units == plain.training_units + 3 * len(dense)
    with pytest.raises(StudyError, match=r"'dense-4e' prunes nothing; list it under references"):
        small("methods=[dense-4e]")
    with pytest.raises(StudyError, match=r"did you mean 'dense-4e'"):
        small("references=[dense-4]")


def test_the_papers_grid():
    """Tropeano et al. 2025: 9,840 models; sharing dense training saves 25 of 116 units for every seed."""
    found = estimate(plan(load("pie")))
    assert (found.trials, found.dense, found.pruned) == (9840, 240, 9600)
    assert (found.training_units, found.training_units_naive) == (21840, 27840)
    assert found.rows == {"test": 91_642_380, "train": 1_549_662_240}
    assert found.unsized == ()
    assert 0.35e9 < found.store_bytes < 1e9


def test_papers_hyperparameters():
    """Table 8 with the digits of the public code."""
    training = {(spec.task, spec.model): spec.training for spec in plan(load("pie")).trials if spec.is_dense}
    found = {cell: (one.epochs, one.learning_rate, one.batch_size) for cell, one in training.items()}
    assert found == {
        ("snli", "bert"): (2, 3.586e-5, 256),
        ("snli", "bilstm"): (39, 7.007e-4, 4096),
        ("imdb", "bert"): (3, 2.693e-5, 32),
        ("imdb", "bilstm"): (26, 1.477e-3, 1024),
        ("reuters", "bert"): (14, 5.495e-5, 128),
        ("reuters", "bilstm"): (72, 1.863e-3, 512),
        ("aapd", "bert"): (13, 7.843331e-5, 256),
        ("aapd", "bilstm"): (50, 1.977463e-3, 2048),
    }
    assert {(one.optimizer, one.weight_decay, one.clip_norm, one.warmup_epochs) for one in training.values()} == {
        ("adam", 0.0, 1.0, 0.0)
    }


def test_ids_are_pinned(here, golden):
    """The ids of a few trials of every kind; they may change only with the trial's meaning."""
    kinds = {
        "pie": ["seeds=[0]", "sparsities=[0.9]", "methods=[imp-ft,rp-ai]"],
        "pie as released": [
            "seeds=[29]",
            "sparsities=[0.5]",
            "methods=[iibp-wr]",
            "tasks=[reuters]",
            "protocol=release",
        ],
        "pie with other options": [
            "seeds=[1]",
            "methods=[mp-ai]",
            "sparsities=[0.99]",
            "tasks=[snli]",
            "models.0=minilm",
            "models.bilstm.hidden=50",
            "training.cells.snli/minilm={epochs: 2, batch_size: 8, learning_rate: 1e-4}",
        ],
        "pie cut short": ["seeds=[1]", "methods=[]", "sparsities=[]", "tasks=[imdb]", "tasks.imdb.max_tokens=64"],
        "pie another length": ["seeds=[1]", "methods=[]", "sparsities=[]", "tasks=[imdb]", "training.epochs=5"],
    }
    found = {
        f"{kind}: {' '.join(map(str, spec.coordinates))}": spec.trial_id
        for kind, overrides in kinds.items()
        for spec in identify(plan(load("pie", overrides)), DATA).trials
    }
    assert len(set(found.values())) == len(found)
    golden("trial_ids.json", found)


def test_children_name_their_dense_trial(small):
    """Iterative methods continue from the dense trial of their seed; methods at initialization need none."""
    trials = identified(small())
    dense = trials["movie-snippets", "bilstm", "dense", 0.0, 1]
    assert trials["movie-snippets", "bilstm", "imp-ft", 0.9, 1].parent_id == dense.trial_id
    assert trials["movie-snippets", "bilstm", "rp-ai", 0.9, 1].parent_id is None
    assert dense.parent_id is None


def test_more_seeds_keep_the_trials_there_are(small):
    """A study grown by seeds, methods or sparsities contains its old trials under their old ids."""
    before = {spec.trial_id for spec in identified(small()).values()}
    grown = small("seeds=5", "methods=[mp-ai,imp-ft,rp-ai]", "sparsities=[0.2,0.5,0.9]")
    assert before < {spec.trial_id for spec in identified(grown).values()}


def test_whole_seeds_come_first(small):
    """The plan goes through everything of one seed before the next, each dense trial before its children."""
    seeds = [spec.seed for spec in small().trials]
    assert seeds == sorted(seeds)
    assert [spec.method for spec in small().trials[:5]] == ["dense", "imp-ft", "imp-ft", "rp-ai", "rp-ai"]


@pytest.mark.parametrize(
    "override", ["resources.cpus=4", "retries=0", "description=other", "name=other", "tasks.0.metrics=[matthews]"]
)
def test_what_changes_no_result_changes_no_id(small, override):
    """Where and how often a trial runs, and by what it is scored, is no part of what it is."""
    assert ids(small(override)) == ids(small())


@pytest.mark.parametrize(
    "override",
    [
        "training.epochs=5",
        "training.precision=fp32",
        "protocol.padding=packed",
        "models.bilstm.hidden=20",
        "tasks.0.max_tokens=9",
        "record.splits=[train,test]",
    ],
)
def test_what_changes_a_result_changes_every_id(small, override):
    """No trial keeps its id under other training, protocol, options, lengths or recorded rows."""
    assert not ids(small(override)) & ids(small())


@pytest.mark.parametrize("override", ["training.optimizer=adam", "protocol=paper", "models.bilstm.hidden=100"])
def test_saying_a_default_changes_no_id(small, override):
    """A default that is written out is still the default."""
    assert ids(small(override)) == ids(small())


def ids(planned):
    """The ids of a plan."""
    return {spec.trial_id for spec in identify(planned, DATA).trials}


def test_other_data_is_another_trial(small):
    """A changed fingerprint of the data changes every id."""
    other = {spec.trial_id for spec in identify(small(), {"movie-snippets": "changed"}).trials}
    assert not other & ids(small())


def test_moved_file_keeps_ids_and_changed_file_does_not(small, tmp_path):
    """A model's file is known by its content, not by its place."""
    here, there = tmp_path / "here.txt", tmp_path / "there.txt"
    here.write_text("a 1\n")
    there.write_text("a 1\n")
    override = "models.bilstm.vectors={}".format
    first = ids(small(override(here)))
    assert ids(small(override(there))) == first
    there.write_text("a 2\n")
    assert not ids(small(override(there))) & first


def test_absent_file_is_named(small, tmp_path):
    """Ids cannot be given while a model's file is missing."""
    with pytest.raises(StudyError, match="there is no file or folder"):
        identify(small(f"models.bilstm.vectors={tmp_path}/absent.txt"), DATA)


def test_content_of_large_files_and_folders(tmp_path):
    """A change at the end of a large file, a new size or a renamed file in a folder changes the fingerprint."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    large = folder / "weights"
    large.write_bytes(os.urandom(3 << 20))
    prints = [content_fingerprint(str(folder))]
    with large.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\0\0")
    prints.append(content_fingerprint(str(folder)))
    large.rename(folder / "other")
    prints.append(content_fingerprint(str(folder)))
    assert len(set(prints)) == 3
    assert content_fingerprint(str(folder)) == prints[-1]


def test_settings_come_back(here):
    """A trial is the same after a round through plain values, ids included."""
    for spec in identify(plan(load("pie", ["seeds=1", "protocol=release"])), DATA).trials[::17]:
        again = TrialSpec.from_settings(spec.settings())
        assert again == spec
        assert again.trial_id == spec.trial_id


def test_limits_count(small):
    """Rows follow from the limited sizes of the recorded splits."""
    planned = small("tasks.0.limit={train: 10, test: 7}", "record.splits=[train,test]")
    assert estimate(planned).rows == {"train": 10 * 15, "test": 7 * 15}


def test_rows_of_own_files_are_counted(small, tmp_path):
    """A user's files say how many rows they have."""
    for name, rows in (("train.csv", 6), ("test.csv", 4)):
        (tmp_path / name).write_text("review,stars\n" + "good,up\nbad,down\n" * (rows // 2))
    own = "[{name: mine, train: train.csv, test: test.csv, text: review, label: stars}]"
    planned = small(text=changed("[movie-snippets]", own))
    assert estimate(planned).rows == {"test": 4 * 15}


def test_unknown_sizes_are_said(small):
    """A `datasets` name has no size before it is loaded, and the estimate says which task it leaves out."""
    own = "[{name: mine, dataset: some/where, text: t, label: l}, movie-snippets]"
    found = estimate(small(text=changed("[movie-snippets]", own)))
    assert found.unsized == ("mine",)
    assert found.rows == estimate(small()).rows


def test_recording_more_takes_more_room(small):
    """Training rows, probabilities and EL2N scores are in the estimate of the store's size."""
    plain = estimate(small()).store_bytes
    train = estimate(small("record.splits=[train,test]")).store_bytes
    scored = estimate(small("record.splits=[train,test]", "record.el2n=true")).store_bytes
    everything = estimate(small("record.splits=[train,test]", "record.el2n=true", "record.probabilities=true"))
    assert plain < train < scored < everything.store_bytes
    assert everything.store_bytes == scored + everything.probability_bytes


def test_extras_have_their_price(small):
    """A bilstm of 650,000 weights, 644,000 of them prunable: four bytes each that stays, a bit each that may go."""
    plain, found = estimate(small()), estimate(small("record.model=true"))
    assert plain.extra_bytes == {}
    assert found.store_bytes == plain.store_bytes + found.extra_bytes["model"]
    halves, tenths = (4 * (650_000 - share * 644_000) + 644_000 / 8 for share in (0.5, 0.9))
    assert found.extra_bytes["model"] == round(3 * 4 * 650_000 + 6 * halves + 6 * tenths)


@pytest.mark.parametrize("study", STUDIES)
def test_every_parent_is_planned_before_its_children(here, study):
    """Of each shipped study: what a trial goes on from stands before it, also where phases after a cut differ."""
    changes = [] if "recall" in study else ["training.finetuning={epochs: 5, optimizer: new}"]
    made = plan(load(study, [*changes, "seeds=[3]"]))
    seen: set[str] = set()
    for spec in identify(made, {task.name: "x" for task in made.study.tasks}).trials:
        assert spec.parent_id is None or spec.parent_id in seen
        learns_of_it = not spec.is_dense and spec.method_line.teacher == "fine-tuned"
        assert (spec.shares_parent or learns_of_it) == (spec.parent_id is not None)
        seen.add(spec.trial_id)


def test_probabilities_have_their_price(small):
    """Four bytes a class and prediction, whether the study records them or not."""
    found = estimate(small())
    assert found.probability_bytes == 4 * 2 * sum(found.rows.values())
    assert estimate(small("record.probabilities=true")).probability_bytes == found.probability_bytes


def test_spec_is_what_the_study_says(small):
    """Options that equal the architecture's defaults are left out of a trial."""
    spec = small("models.bilstm.hidden=100", "models.bilstm.layers=1").trials[0]
    assert spec.options == (("layers", 1),)
    assert dataclasses.replace(spec, seed=9).architecture == "bilstm"


def test_copies_are_spread_over_the_first_seed_with_their_parents(small):
    """A few trials for each vendor, first and last of the seed among them, and the dense trials they continue from."""
    trials = identify(small(), DATA).trials

    def named(copies):
        return [(spec.method, spec.sparsity, spec.canary) for spec in copies]

    assert canaries(trials, 0, lambda _: ("amd",)) == ()
    assert named(canaries(trials, 1, lambda _: ("amd",))) == [("dense", 0.0, "amd")]
    few = canaries(trials, 3, lambda _: ("amd", "nvidia"))
    assert named(few) == [
        (method, sparsity, vendor)
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.9), ("rp-ai", 0.9))
        for vendor in ("amd", "nvidia")
    ]
    assert {spec.seed for spec in few} == {0}
    assert len(canaries(trials, 100, lambda _: ("amd",))) == 5
    only_child = [spec for spec in trials if spec.method == "imp-ft"]
    assert named(canaries(only_child, 1, lambda _: ("amd",))) == [("dense", 0.0, "amd"), ("imp-ft", 0.5, "amd")]


def test_copies_have_ids_of_their_own_and_parents_among_themselves(small):
    """A copy is another trial than the one it copies and than other vendors' copies; its parent is a copy too."""
    trials = identify(small(), DATA).trials
    copies = canaries(trials, 100, lambda _: ("amd", "nvidia"))
    ids = {spec.trial_id for spec in (*trials, *copies)}
    assert len(ids) == len(trials) + len(copies)
    parents = {spec.trial_id: spec.canary for spec in copies if spec.is_dense}
    assert all(parents[spec.parent_id] == spec.canary for spec in copies if spec.shares_parent)
    assert all(TrialSpec.from_settings(spec.settings()) == spec for spec in copies)


def test_copies_are_counted_apart(small):
    """A plan says how many copies each vendor will get, and leaves them out of the grid; ids do not change."""
    plain, with_copies = small(), small("canary=3")
    assert (estimate(plain).canary, estimate(with_copies).canary) == (0, 3)
    assert estimate(with_copies).trials == estimate(plain).trials
    assert identified(with_copies) == identified(plain)
