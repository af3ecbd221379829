"""A grid as a union of blocks: what it means, what it costs, what is refused, and what overrides do to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.estimate import estimate
from runner.plan import identify, plan
from runner.studies import Study, StudyError, load
from runner.studies.grid import Block, GridCell, cells_of
from runner.studies.seed_advice import advice
from runner.sweep.rehearsal import miniature
from runner.tuning.tries import study_of, tries
from tasks import TASKS
from tests.runner.studies.samples import SMALL, changed, written

PLAIN = "tasks: [movie-snippets]\nmodels: [bilstm]\nmethods: [imp-ft, rp-ai]\nsparsities: [0.5, 0.9]\n"
BLOCKS = """\
grid:
  - tasks: [{name: movie-snippets, limit: {train: 60}}]
    models: [{name: bilstm, hidden: 8}]
    methods: [imp-ft, {name: imp-5, method: imp-ft, rounds: 5}]
    sparsities: [0.5, 0.9]
  - tasks: [movie-snippets]
    models: [bilstm, {name: wide, model: bilstm, hidden: 16}]
    methods: [imp-5, mp-ai]
    sparsities: 0.9
  - tasks: [digits]
    models: [convnet]
    methods: [mp-ai]
    sparsities: [0.7]
    seeds: 2
"""
UNION = changed(PLAIN, BLOCKS)
BLOCK = "{tasks: [movie-snippets], models: [bilstm], methods: [imp-ft], sparsities: [0.5]}"
NARROW = BLOCK.replace("[bilstm]", "[{name: bilstm, hidden: 3}]")


def read(folder, text, *changes):
    """The study of this text."""
    return load(str(written(folder, text)), list(changes))


def of(grid):
    """The small study with this grid in place of its lists."""
    return changed(PLAIN, f"grid: {grid}\n")


def refusal(folder, text, *changes):
    """What is said of this text."""
    with pytest.raises(StudyError) as error:
        read(folder, text, *changes)
    return str(error.value)


def test_a_grid_is_the_union_of_its_blocks(tmp_path):
    """Every cell once, with what the study says of each name in whichever block; each pair has its own seeds."""
    study = read(tmp_path, UNION)
    trials = [spec.coordinates for spec in plan(study).trials]
    assert len(set(trials)) == len(trials)
    assert {(task, model, method, sparsity) for task, model, method, sparsity, _ in trials} == {
        *(("movie-snippets", "bilstm", "imp-ft", sparsity) for sparsity in (0.5, 0.9)),
        *(("movie-snippets", "bilstm", "imp-5", sparsity) for sparsity in (0.5, 0.9)),
        ("movie-snippets", "bilstm", "mp-ai", 0.9),
        ("movie-snippets", "wide", "imp-5", 0.9),
        ("movie-snippets", "wide", "mp-ai", 0.9),
        ("digits", "convnet", "mp-ai", 0.7),
        *(("movie-snippets", model, "dense", 0.0) for model in ("bilstm", "wide")),
        ("digits", "convnet", "dense", 0.0),
    }
    assert {(spec.task, spec.seed) for spec in plan(study).trials} == {
        *(("movie-snippets", seed) for seed in range(3)),
        *(("digits", seed) for seed in range(2)),
    }
    assert [model.options for model in study.models] == [{"hidden": 8}, {"hidden": 16}, {}]
    assert study.tasks[0].limit == {"train": 60}


def test_one_block_is_the_plain_form(tmp_path):
    """The same trials with the same ids, in the same order, at the same cost."""
    plain = plan(read(tmp_path, SMALL))
    block = "[{tasks: [movie-snippets], models: [bilstm], methods: [imp-ft, rp-ai], sparsities: [0.5, 0.9]}]"
    one = plan(read(tmp_path, of(block)))
    prints = {"movie-snippets": "0" * 16}
    assert identify(one, prints).trials == identify(plain, prints).trials
    assert estimate(one) == estimate(plain)


def test_a_cell_named_twice_counts_once(tmp_path):
    """Two equal blocks are one, and all of the second is shared."""
    found = estimate(plan(read(tmp_path, of(f"[{BLOCK}, {BLOCK}]"))))
    assert found.trials == 6
    assert [(one.trials, one.shared_trials, one.shared_units) for one in found.blocks] == [(6, 0, 0), (6, 6, 12)]


NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(tuple)
SOME = st.builds(
    Block, tasks=NAMES, models=NAMES, methods=NAMES, sparsities=st.sampled_from([(0.5,), (0.5, 0.9), (0.9, 0.7)])
)


@given(st.lists(SOME, min_size=1, max_size=4), st.sampled_from([(), ("r",)]))
@settings(max_examples=200)
def test_cells_are_those_of_any_block(blocks, references):
    """No cell twice, none but those of a block, the dense one first in each task and model, then references."""
    cells = cells_of(blocks, references)
    products = {
        GridCell(task, model, method, sparsity)
        for block in blocks
        for task, model in block.pairs
        for method, sparsity in [
            ("dense", 0.0),
            *((one, 0.0) for one in references),
            *((method, sparsity) for method in block.methods for sparsity in block.sparsities),
        ]
    }
    assert len(cells) == len(set(cells))
    assert set(cells) == products
    for pair in {(cell.task, cell.model) for cell in cells}:
        own = [cell.method for cell in cells if (cell.task, cell.model) == pair]
        assert own[: 1 + len(references)] == ["dense", *references]


def test_what_each_block_costs(tmp_path):
    """By itself, and what of that blocks above have: what is left of each adds up to the whole."""
    found = estimate(plan(read(tmp_path, UNION + "references: [dense-4e]\n")))
    # One seed of the first block: dense 1, dense-4e 3 more, imp-ft 2 x 3 and imp-5 2 x 5 beyond the dense training.
    first, second, third = found.blocks
    assert (first.trials, first.dense, first.references, first.pruned) == (18, 3, 3, 12)
    assert (first.training_units, first.shared_trials, first.shared_units) == (3 * (1 + 3 + 6 + 10), 0, 0)
    # Of the second, bilstm's dense model, its reference, and imp-5 at 0.9 are there already.
    assert (second.trials, second.shared_trials, second.shared_units) == (24, 9, 3 * (1 + 3 + 5))
    assert (third.seeds, third.trials, third.training_units) == (2, 6, 2 * (1 + 3 + 1))
    assert found.trials == sum(one.trials - one.shared_trials for one in found.blocks)
    assert found.training_units == sum(one.training_units - one.shared_units for one in found.blocks)
    movies, digits = (TASKS[name].sizes["test"] for name in ("movie-snippets", "digits"))
    assert found.rows == {"test": 33 * movies + 6 * digits}


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ("[]", ["study.yaml:2: grid: the list is empty"]),
        ("5", [":2: grid: must be a list of blocks", "not 5"]),
        (BLOCK, [":2: grid: must be a list of blocks"]),
        ("[{}]", [":2: grid[0]: must be a block", "not {}"]),
        ("[movies]", ["grid[0]: must be a block", "'movies'"]),
        (f"[{BLOCK}, {{tasks: [digits]}}]", ["grid[1].models: this key is missing", "grid[1].sparsities: this key"]),
        (f"[{BLOCK[:-1]}, method: [mp-ai]}}]", ["grid[0].method: unknown key", "did you mean 'methods'", "seeds"]),
        (f"[{BLOCK[:-1]}, references: [dense-4e]}}]", ["grid[0].references", "set them beside `grid`"]),
        (f"[{BLOCK[:-1]}, seeds: 0}}]", ["grid[0].seeds: 0 seeds are asked for"]),
        ("[" + BLOCK.replace("[bilstm]", "[]") + "]", ["grid[0].models: the list is empty"]),
        ("[" + BLOCK.replace("[0.5]", "[]") + "]", ["grid[0].sparsities: the methods have no sparsity"]),
        ("[" + BLOCK.replace("[imp-ft]", "[]") + "]", ["grid[0].methods: no method prunes"]),
        ("[" + BLOCK.replace("[0.5]", "[50]") + "]", ["grid[0].sparsities: 50 is not a sparsity", "did you mean 0.5?"]),
        ("[" + BLOCK.replace("[imp-ft]", "[imp-ft, imp-ft]") + "]", ["grid[0].methods: names given twice: imp-ft"]),
        (f"[{BLOCK}, {BLOCK.replace('imp-ft', 'imp_ft')}]", ["grid[1].methods[0]: unknown method", "'imp-ft'"]),
        (f"[{BLOCK}, {BLOCK.replace('bilstm', 'bilsm')}]", ["grid[1].models[0]: unknown model", "'bilstm'"]),
        (f"[{BLOCK}, {BLOCK.replace('movie-snippets', 'digits')}]", ["grid[1].models[0]: ", "image examples"]),
        (
            f"[{BLOCK}, {BLOCK.replace('[bilstm]', '[{name: w, model: bilstm, hiden: 3}]')}]",
            ["grid[1].models[0].hiden: ", "did you mean 'hidden'"],
        ),
        (f"[{NARROW}, {NARROW.replace('3', '4')}]", ["grid[1].models[0]: 'bilstm' is said in another way at grid[0]"]),
        (f"[{BLOCK}, {BLOCK[:-1]}, seeds: 5}}]", ["grid[1].seeds: bilstm on movie-snippets has other seeds here (5)"]),
    ],
)
def test_blocks_that_are_none_are_refused(tmp_path, grid, said):
    """In words, with the place in the file."""
    found = refusal(tmp_path, of(grid))
    assert all(part in found for part in said), found


@pytest.mark.parametrize("beside", ["tasks: [digits]", "methods: all", "sparsities: [0.5]"])
def test_both_forms_at_once_are_refused(tmp_path, beside):
    """A study has lists, or blocks that have lists."""
    found = refusal(tmp_path, UNION + beside + "\n")
    assert "grid: a study has either `grid`" in found
    assert f"this one has {beside.partition(':')[0]} beside `grid`" in found


def test_a_place_in_a_block_is_a_line_of_the_file(tmp_path):
    """What is wrong with an entry is said at the line on which the block has it."""
    assert ":8: grid[1].models[1].hiden: " in refusal(tmp_path, UNION.replace("hidden: 16", "hiden: 16"))
    assert ":5: grid[0].methods[1].rounds: " in refusal(tmp_path, UNION.replace("rounds: 5", "rounds: 0"))


def test_settings_by_cell_are_of_the_grid(tmp_path):
    """A task and model that no block has together is no cell; every cell that one has needs its settings."""
    found = refusal(tmp_path, UNION + "  cells: {digits/bilstm: {epochs: 2}}\n")
    assert "the study has no cell 'digits/bilstm'" in found
    lacking = refusal(tmp_path, UNION.replace("  epochs: 4\n", "  tasks: {movie-snippets: {epochs: 4}}\n"))
    assert "digits/convnet has no epochs" in lacking
    assert "movie-snippets" not in lacking.partition("set")[0]
    own = read(tmp_path, UNION + "  cells: {digits/convnet: {epochs: 2}}\n")
    assert {spec.training.epochs for spec in plan(own).trials if spec.task == "digits"} == {2}


def test_hypotheses_speak_of_cells_that_there_are(tmp_path):
    """A family whose other side no block has is refused; one within a block is not; sides need the same seeds."""
    family = "hypotheses: [{{name: h, of: {{{}}}, against: {}, test: swap}}]\n"
    fine = read(tmp_path, UNION + family.format("method: imp-5, model: bilstm", "imp-ft"))
    assert len(fine.hypotheses[0].comparisons(fine.cells)) == 2
    found = refusal(tmp_path, UNION + family.format("method: imp-5", "imp-ft"))
    assert "the other side is imp-ft at sparsity 0.9, which is no cell of the study" in found
    other = BLOCK.replace("[bilstm]", "[{name: wide, model: bilstm}]")[:-1] + ", seeds: 5}"
    unequal = refusal(tmp_path, of(f"[{BLOCK}, {other}]") + family.format("model: wide", "{model: bilstm}"))
    assert "do not have the same seeds, and tests pair seeds" in unequal


def test_seed_advice_is_of_every_number_of_seeds(tmp_path):
    """One line for each number that any cell has; a family counts the seeds of its own cells."""
    assert [line[:9] for line in advice(read(tmp_path, UNION))] == ["seeds: 3 ", "seeds: 2 "]
    many = UNION.replace("seeds: 2", "seeds: 9")
    family = "hypotheses: [{name: h, of: {task: digits}, against: dense, test: swap}]\n"
    assert [line[:9] for line in advice(read(tmp_path, many + family))] == ["seeds: 3 "]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("seeds=5", {"bilstm": 5, "wide": 5, "convnet": 5}),
        ("grid.2.seeds=5", {"bilstm": 3, "wide": 3, "convnet": 5}),
        ("grid.1.models=[wide]", {"bilstm": 3, "wide": 3, "convnet": 2}),
        ("grid.1.models=bilstm", {"bilstm": 3, "convnet": 2}),
        ("grid=[{tasks: [digits], models: [convnet], methods: [mp-ai], sparsities: [0.5]}]", {"convnet": 3}),
    ],
)
def test_overrides_reach_into_blocks(tmp_path, change, found):
    """Seeds for all hold over those of blocks; a name in a changed block keeps what the study says of it."""
    study = read(tmp_path, UNION, change)
    assert {model: len(seeds) for (_, model), seeds in study.seeds_of.items()} == found
    assert [model.options for model in study.models if model.name == "wide"] == [{"hidden": 16}] * ("wide" in found)


def test_overrides_of_names_hold_in_all_blocks(tmp_path):
    """What a study says of a task, model or method it says once, wherever that is named."""
    changes = ["models.bilstm.hidden=4", "methods.imp-5.rounds=7", "tasks.movie-snippets.limit.test=9"]
    study = read(tmp_path, UNION, *changes)
    assert study.models[0].options == {"hidden": 4}
    assert study.method_choices["imp-5"].changed == (("rounds", 7),)
    assert study.tasks[0].limit == {"train": 60, "test": 9}


def test_a_block_may_say_a_name_anew(tmp_path):
    """On the command line, whichever block has it; the others, which name it, take what is new."""
    for block in (0, 1):
        study = read(tmp_path, UNION, f"grid.{block}.models=[{{name: bilstm, hidden: 4}}]")
        assert study.models[0].options == {"hidden": 4}
    twice = UNION.replace("models: [bilstm, {name: wide", "models: [{name: bilstm, hidden: 9}, {name: wide")
    assert "grid[1].models[0]: 'bilstm' is said in another way at grid[0].models[0]" in refusal(tmp_path, twice)


def test_what_is_said_of_what_is_gone_goes_with_it(tmp_path):
    """Settings for a task and a model that no block has any more do not stand in the way."""
    text = UNION + "  cells: {movie-snippets/wide: {epochs: 2}, digits/convnet: {epochs: 3}}\n"
    study = read(tmp_path, text, "grid.1.models=[bilstm]")
    assert list(study.training.cells) == ["digits/convnet"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("methods=[imp-ft]", "set grid.0.methods, or grid"),
        ("sparsities=[0.5]", "set grid.0.sparsities, or grid"),
        ("grid.0.methods.imp-5.rounds=4", "set methods.imp-5.rounds"),
        ("grid.7.seeds=3", "there is no '7'; allowed: 0 to 2"),
        ("grid.0.typo=3", "grid[0].typo: unknown key 'typo'"),
        ("models.wide.hiden=3", "command line 'models.wide.hiden=3': models[1].hiden: "),
        ("grid.0.methods=[imp-6]", "command line 'grid.0.methods=[imp-6]': grid[0].methods[0]: unknown method"),
    ],
)
def test_overrides_that_no_block_has_are_refused(tmp_path, change, said):
    """With the override, and what to set instead."""
    assert said in refusal(tmp_path, UNION, change)


def test_blocks_in_place_of_lists_are_no_override(tmp_path):
    """A study with lists is not made one with blocks on the command line."""
    assert "write a study with `grid`" in refusal(tmp_path, SMALL, f"grid=[{BLOCK}]")


def test_paths_in_blocks_are_relative_to_the_file(tmp_path):
    """As those of a plain study are."""
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("text,label\n" + "".join(f"word {n},{n % 2}\n" for n in range(8)))
    own = "{name: mine, train: train.csv, test: test.csv, text: text, label: label}"
    study = read(tmp_path, of("[" + BLOCK.replace("movie-snippets", own) + "]"))
    assert Path(str(study.tasks[0].train)) == tmp_path / "train.csv"


def test_a_grid_is_frozen_as_a_study_file_says_it(tmp_path):
    """Blocks with what they name, nothing beside them; read again it is the same study."""
    study = read(tmp_path, UNION)
    frozen = study.model_dump(mode="json")
    assert not {"tasks", "models", "methods", "sparsities"} & frozen.keys()
    assert [block["methods"] for block in frozen["grid"]] == [
        ["imp-ft", {"name": "imp-5", "method": "imp-ft", "rounds": 5}],
        [{"name": "imp-5", "method": "imp-ft", "rounds": 5}, "mp-ai"],
        ["mp-ai"],
    ]
    assert Study.model_validate(frozen) == study


def test_a_grid_has_a_miniature(tmp_path):
    """A rehearsal takes the first task and model, with a method that starts from the dense one and another."""
    path = str(written(tmp_path, UNION))
    small = load(path, miniature(path, []))
    assert {spec.cell for spec in plan(small).trials} == {
        ("movie-snippets", "bilstm", "dense", 0.0),
        ("movie-snippets", "bilstm", "imp-ft", 0.9),
        ("movie-snippets", "bilstm", "mp-ai", 0.9),
    }
    assert (small.tasks[0].limit, len(small.seeds)) == ({"train": 60, "test": 100}, 2)


@pytest.mark.parametrize("text", [SMALL, UNION])
def test_a_search_trains_the_cells_of_the_grid(tmp_path, text):
    """Draws are of the tasks and models that are trained together; references, which answer nothing here, are not."""
    study = read(tmp_path, text + "references: [dense-4e]\ntuning: {epochs: [1, 3]}\n")
    tried = tries(study, 2)
    searched = study_of(study, tried)
    assert {(spec.task, spec.model) for spec in plan(searched).trials} == {(one.task, one.drawn_model) for one in tried}
    assert {spec.method for spec in plan(searched).trials} == {"dense"}
