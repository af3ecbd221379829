"""textstat, ready to count without a network."""

from __future__ import annotations

import nltk
import pytest

from analysis.readability.dictionary import textstat_offline


@pytest.fixture(scope="module")
def textstat(tmp_path_factory):
    """The library, with a cache folder of its own and no way to fetch anything."""

    def refused(*_, **__):
        raise AssertionError("the network was asked for the dictionary")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIESWEEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(nltk, "download", refused)
        found = textstat_offline()
        assert found.syllable_count("readability") == 5
        yield found
