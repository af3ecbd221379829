"""The pronouncing dictionary reaches NLTK without a network, and its absence is told."""

from __future__ import annotations

import lzma
import os

import nltk
import pytest

from analysis.readability import dictionary
from analysis.readability.dictionary import ReadabilityError, textstat_offline, versions


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path))
    monkeypatch.setattr(nltk.data, "path", [])
    return tmp_path


def test_nltk_reads_the_whole_dictionary(textstat):
    """Every word is there with its pronunciations in order, comments left out."""
    known = nltk.corpus.cmudict.dict()
    lines = lzma.decompress(dictionary.DICTIONARY.read_bytes()).decode().splitlines()
    assert len(lines) == 135_166
    assert sum(len(pronunciations) for pronunciations in known.values()) == len(lines)
    assert [" ".join(phones) for phones in known["tomato"]] == ["T AH0 M EY1 T OW2", "T AH0 M AA1 T OW2"]
    assert " ".join(known["aalborg"][0]) == "AO1 L B AO0 R G"
    assert textstat.syllable_count("tomato") == 3


def test_the_dictionary_is_written_once(cache):
    """It lies in the cache folder, which NLTK searches first, and a second call writes nothing."""
    textstat_offline()
    (place,) = nltk.data.path
    (file,) = cache.rglob("cmudict/cmudict")
    before = file.stat().st_mtime_ns
    textstat_offline()
    assert nltk.data.path == [place]
    assert file.is_relative_to(place)
    assert file.stat().st_mtime_ns == before


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("content", [None, b"", b"no archive", lzma.compress(b"tomato  T AH0 M EY1 T OW2")])
def test_a_dictionary_that_is_not_the_one_is_named(content, monkeypatch, tmp_path):
    """Missing, cut, or another one: the error names the file and says what to do, instead of fetching or counting."""
    file = tmp_path / "cmudict.dict.xz"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(dictionary, "DICTIONARY", file)
    with pytest.raises(ReadabilityError, match=r"cmudict\.dict\.xz .*: install piesweep again"):
        textstat_offline()
    assert not list(tmp_path.glob("nltk-*"))


def test_users_who_share_files_by_group(cache):
    """Where new files are writable for the group, ours is not, so that NLTK reads it."""
    before = os.umask(0o002)
    try:
        assert textstat_offline().syllable_count("tomato") == 3
    finally:
        os.umask(before)
    assert not [path for path in cache.glob("nltk-*/**/*") if path.stat().st_mode & 0o022]


@pytest.mark.filterwarnings("ignore:NLTK will not read")
def test_a_cache_that_nltk_does_not_trust_is_named(cache):
    """NLTK passes over a folder that others may write to; textstat is not left to fetch another dictionary."""
    textstat_offline()
    nltk.data.path.clear()
    (folder,) = cache.glob("nltk-cmudict-*")
    folder.chmod(0o777)
    with pytest.raises(ReadabilityError, match="set PIESWEEP_CACHE"):
        textstat_offline()


def test_a_cache_that_cannot_be_written_is_named(cache, monkeypatch):
    """The error names the folder and the variable that chooses another."""
    (cache / "file").write_text("")
    monkeypatch.setenv("PIESWEEP_CACHE", str(cache / "file"))
    with pytest.raises(ReadabilityError, match="set PIESWEEP_CACHE"):
        textstat_offline()


def test_versions_name_what_scores_depend_on():
    """textstat, the dictionary, and what guesses syllables of words that it lacks."""
    assert [part.split()[0] for part in versions().split(", ")] == ["textstat", "cmudict", "pyphen"]
    assert "cmudict 1.1.3" in versions()  # the entries are those that earlier stores' scores were counted with
