"""Compressions: how much of all parameters goes, said by the ratio of all to what is left."""

from __future__ import annotations

import pytest

from runner.plan import forebears, plan, training_units
from runner.pruning.compression import compression_of
from runner.studies import StudyError, load
from runner.studies.compressions import sparsity_of

from .samples import changed, written

RATIOS = changed("sparsities: [0.5, 0.9]", "compressions: [2, 10, 50]")
BLOCKS = """\
name: blocks
grid:
  - {tasks: [movie-snippets], models: [bilstm], methods: [mp, up], compressions: [2, 10]}
  - {tasks: [snli], models: [bilstm], methods: [mp], compressions: 4}
references: [finetuned]
seeds: 3
training: {epochs: 2, batch_size: 32, learning_rate: 1e-3}
"""

LEVELS = changed("methods: [imp-ft, rp-ai]", "methods: [lth]").replace("sparsities: [0.5, 0.9]", "levels: 3")


def test_a_level_goes_on_where_the_one_below_it_ended(tmp_path):
    """Three levels are .2, .36 and .488; parents go down to the dense model; each trains one phase of its own."""
    study = load(str(written(tmp_path, LEVELS)))
    assert study.sparsities == pytest.approx((0.2, 0.36, 0.488))
    first = [spec for spec in plan(study).trials if spec.seed == 0]
    assert [spec.parent for spec in first] == [None, *first[:3]]
    assert [training_units(spec) for spec in first] == [1, 1, 1, 1]
    assert [training_units(spec, shared=False) for spec in first] == [1, 2, 3, 4]
    assert forebears(first[3]) == first[2::-1]


def test_a_ratio_is_a_fraction_of_all_parameters(tmp_path):
    """2, 10 and 50 are .5, .9 and .98 of all; trials say so, dense ones do not, and share their parents as ever."""
    study = load(str(written(tmp_path, RATIOS)))
    assert (study.sparsities, study.base) == ((0.5, 0.9, 0.98), "all")
    trials = plan(study).trials
    assert {(spec.sparsity, spec.base) for spec in trials} == {
        (0.0, "prunable"),
        *((sparsity, "all") for sparsity in (0.5, 0.9, 0.98)),
    }
    plain = plan(load(str(written(tmp_path, changed("[0.5, 0.9]", "[0.5, 0.9, 0.98]"))))).trials
    assert [spec.dense for spec in trials] == [spec.dense for spec in plain]
    assert {spec for spec in trials if spec.is_dense} == {spec for spec in plain if spec.is_dense}


def test_blocks_have_compressions_of_their_own(tmp_path):
    """Each block its ratios; references are not pruned; what is written out reads back as the same study."""
    study = load(str(written(tmp_path, BLOCKS)))
    cells = {(cell.task, cell.method, cell.sparsity) for cell in study.cells}
    assert ("movie-snippets", "up", 0.9) in cells
    assert ("snli", "mp", 0.75) in cells
    assert ("snli", "finetuned", 0.0) in cells
    assert len(cells) == 2 * 2 + 1 + 2 * 2
    assert type(study).model_validate(study.model_dump(mode="json")) == study


def test_a_study_without_them_is_frozen_as_ever(tmp_path):
    """No key is added to what a study without compressions says of itself."""
    assert "base" not in load(str(written(tmp_path, changed("3", "3")))).model_dump(mode="json")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (changed("sparsities: [0.5, 0.9]", "compressions: [2, 1]"), ":5: compressions[1]: 1 is not a compression"),
        (changed("sparsities: [0.5, 0.9]", "compressions: [2, 0.5]"), "0.5 is not a compression"),
        (changed("sparsities: [0.5, 0.9]", "compressions: ten"), ":5: compressions: 'ten' is not a compression"),
        (changed("sparsities: [0.5, 0.9]", "compressions: [.inf]"), "inf is not a compression"),
        (changed("sparsities: [0.5, 0.9]", "compressions: [2, 2]"), ":5: "),
        (RATIOS + "sparsities: [0.5]\n", "by one of sparsities, compressions; remove all but one"),
        (BLOCKS.replace("compressions: 4", "sparsities: [0.5]"), "other blocks have compressions"),
        (BLOCKS + "compressions: [2]\n", "beside `grid`"),
        (changed("sparsities: [0.5, 0.9]", "levels: 0"), ":5: levels: 0 is no number of levels"),
        (changed("sparsities: [0.5, 0.9]", "levels: 3\ncompressions: 2"), "by one of compressions, levels"),
        (LEVELS.replace("levels: 3", "sparsities: [0.2, 0.488]"), ":5: sparsities: 'lth' goes on from level to level"),
        (LEVELS.replace("levels: 3", "sparsities: [0.2, 0.5]"), ":5: sparsities: for 'lth' 0.5 is no level"),
        (LEVELS.replace("levels: 3", "compressions: [2]"), "'lth' removes shares of prunable weights"),
        (RATIOS + "base: some\n", "base"),
    ],
)
def test_what_is_none_is_refused(tmp_path, text, told):
    """Each with its place in the file."""
    with pytest.raises(StudyError) as error:
        load(str(written(tmp_path, text)))
    assert told in str(error.value)


def test_overrides_say_it_otherwise(tmp_path):
    """Compressions on the command line take the place of sparsities, and of compressions."""
    path = str(written(tmp_path, changed("3", "3")))
    assert load(path, ["compressions=[4]"]).sparsities == (0.75,)
    assert load(path, ["compressions=[4]"]).base == "all"
    path = str(written(tmp_path, RATIOS))
    assert load(path, ["compressions=[4, 20]"]).sparsities == (0.75, 0.95)
    path = str(written(tmp_path, BLOCKS))
    assert {cell.sparsity for cell in load(path, ["grid.1.compressions=[20]"]).cells} == {0.0, 0.5, 0.9, 0.95}


def test_ratios_and_sparsities_are_each_others_inverse():
    """Over the ratios that people ask for."""
    for ratio in (2, 3, 4, 6, 7, 8, 10, 20, 50, 86.7):
        assert compression_of(sparsity_of(ratio)) == pytest.approx(ratio, abs=1e-7)
