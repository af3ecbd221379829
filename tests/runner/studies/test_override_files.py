"""Files of overrides: `piesweep run STUDY @FILE`."""

from __future__ import annotations

import pytest

from runner.studies import StudyError, load
from tests.runner.studies.samples import SMALL, written

CELLS = SMALL + "  cells: {movie-snippets/bilstm: {batch_size: 8, epochs: 9}}\n"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Load a study with a file of overrides among the words."""
    monkeypatch.chdir(tmp_path)

    def loaded(overrides, *words, text=SMALL):
        (tmp_path / "more.yaml").write_text(overrides)
        return load(str(written(tmp_path, text)), list(words) or ["@more.yaml"])

    return loaded


def test_mappings_go_into_the_studys(study):
    """What the file does not name stays: other cells, and other settings of the same cell."""
    found = study("training: {cells: {movie-snippets/bilstm: {epochs: 2}}}\n", text=CELLS)
    assert found.training.of_cell("movie-snippets", "bilstm") == {
        "epochs": 2,
        "batch_size": 8,
        "learning_rate": 1e-3,
    }


def test_other_values_replace(study):
    """Lists and single values are what the file says, and models are reached by name."""
    found = study("seeds: 5\nmethods: [mp-ai]\nmodels: {bilstm: {hidden: 20}}\n")
    assert (len(found.seeds), [one.name for one in found.methods]) == (5, ["mp-ai"])
    assert found.models[0].options == {"hidden": 20}


def test_wider_blocks_come_first(study):
    """A file's own exceptions hold against its general values, whatever their order."""
    found = study("training:\n  cells: {movie-snippets/bilstm: {epochs: 2}}\n  epochs: 7\n", text=CELLS)
    assert found.training.epochs == 7
    assert found.training.of_cell("movie-snippets", "bilstm")["epochs"] == 2


def test_words_hold_from_left_to_right(study):
    """A word after the file changes what the file said, and one before it is changed by it."""
    assert len(study("seeds: 5\n", "@more.yaml", "seeds=6").seeds) == 6
    assert len(study("seeds: 5\n", "seeds=6", "@more.yaml").seeds) == 5


@pytest.mark.parametrize(
    ("content", "word", "said"),
    [
        ("seeds: 5\n", "@none.yaml", "command line '@none.yaml': the file of overrides cannot be read"),
        ("seeds: 5\n", "@", "command line '@': the file of overrides cannot be read"),
        (
            "seeds: 5\n",
            "@/dev/zero",
            "the file of overrides cannot be read (it is no regular file)",
        ),
        ("#" * 1_000_001, "@more.yaml", "the file of overrides cannot be read (it is larger than 1000000 bytes"),
        ("- seeds\n", "@more.yaml", "a study is a mapping of keys"),
        ("", "@more.yaml", "the file is empty"),
        ("seeds: !!python/name:os.system 1\n", "@more.yaml", "tag '!!python/name:os.system' is not allowed"),
        ("models: {bert: {hidden: 2}}\n", "@more.yaml", "command line '@more.yaml': there is no 'bert'"),
        ("trainin: {epochs: 2}\n", "@more.yaml", "unknown key 'trainin', did you mean 'training'?"),
        (
            "training: {epochs: two}\n",
            "@more.yaml",
            "command line '@more.yaml': training.epochs: must be a whole number",
        ),
    ],
)
def test_mistakes_are_named_with_their_file(study, content, word, said):
    """A file that cannot be read, is no mapping, is unsafe or leads nowhere is refused with its name."""
    with pytest.raises(StudyError) as caught:
        study(content, word)
    assert said in str(caught.value)
