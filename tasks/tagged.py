"""Words and tags of a user's own task: read from their columns, and refused where they do not fit each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.base import Split, TaskChoice, TaskError
from tasks.cells import Cells, class_lists
from tasks.classes import MOST_CLASSES, Classes
from tasks.lengths import LONGEST
from tasks.raw_splits import RawSplit
from tasks.spelling import in_order
from tasks.tags import MARKED, OUTSIDE

SHORTEST = 8
PIECES = 2
"""Tokens that a word is read as, at most, on the average of a text."""


def tagged_words(choice: TaskChoice, raw: RawSplit) -> tuple[dict[str, pa.Array], pa.Array]:
    """The columns text and words of a split, and the tags of its words.

    TaskError names the row of a text without words, of an empty word, and of as many tags as words are not.
    """
    columns = {"words": (choice.words or "", raw.texts[0]), "tags": (choice.tags or "", raw.answers)}
    found = {}
    for what, (column, values) in columns.items():
        cells = Cells.of(values, raw.place, column)
        lists = class_lists(cells, choice.separator, is_marked=choice.separator is not None)
        empty = pc.or_kleene(pc.is_null(lists), pc.fill_null(pc.equal(pc.list_value_length(lists), 0), True))
        cells.refuse(empty, f"holds no {what} ({{count}} such cells); fill or remove them")
        found[what] = lists
    words, tags = found["words"], found["tags"]
    unequal = pc.not_equal(pc.list_value_length(words), pc.list_value_length(tags))
    if pc.any(unequal).as_py():
        row = pc.index(unequal, True).as_py()
        raise TaskError(
            f"{raw.place} row {row + 1}: {len(words[row])} words and {len(tags[row])} tags; each word needs one "
            f"({pc.sum(unequal).as_py()} such rows)"
        )
    return {"text": pc.binary_join(words, " "), "words": words}, tags


def longest_text(words: pa.ChunkedArray) -> int:
    """The power of two that has room for every text where its words are PIECES tokens each, at most LONGEST."""
    most = max(1, PIECES * (pc.max(pc.list_value_length(words)).as_py() or 1))
    return min(LONGEST, max(SHORTEST, 1 << (most - 1).bit_length()))


def as_iob2(
    tags: Mapping[Split, pa.Array], places: Mapping[Split, str]
) -> tuple[Mapping[Split, pa.Array], tuple[str, ...]]:
    """The tags as IOB2 has them, and what is doubtful, a sentence each.

    IOB1, in which B- only parts an entity from one of its type before it, is turned into IOB2. Tags of which none
    marks an entity are left as they are. TaskError names the row of a tag that is of neither scheme.
    """
    names = _names(tags)
    if any(map(MARKED.fullmatch, names)):
        return _begun_with_b(tags, places)
    if OUTSIDE not in names:
        return tags, ()
    doubt = (
        f"tags hold {OUTSIDE} but neither B- nor I- before a type, and are measured word by word; "
        "for entities write IOB2 (B-type begins one, I-type continues it)"
    )
    return tags, (doubt,)


def tags_of(task: str, tags: Mapping[Split, pa.Array]) -> Classes:
    """The tags in index order, O first and so what ties come to."""
    names = outside_first(_names(tags))
    if not 2 <= len(names) <= MOST_CLASSES:
        raise TaskError(f"task '{task}' has {len(names)} tags ({', '.join(names[:3])}); it needs 2 to {MOST_CLASSES}")
    learned = set(pc.unique(tags["train"].flatten()).to_pylist())
    unseen = [one for one in names if one not in learned]
    doubts = [f"train has no word tagged {', '.join(map(repr, unseen[:5]))}, and other splits have"] if unseen else []
    known = pa.array(names)
    indices = {
        split: pa.ListArray.from_arrays(one.offsets, pc.index_in(one.values, known).cast(pa.int16()))
        for split, one in tags.items()
    }
    return Classes(names=tuple(names), indices=indices, warnings=tuple(doubts))


def outside_first(names: Sequence[str]) -> list[str]:
    """The tags with O first, which is then what ties come to."""
    return sorted(names, key=lambda name: name != OUTSIDE)


def _names(tags: Mapping[Split, pa.Array]) -> list[str]:
    return in_order(pc.unique(pa.chunked_array([one.flatten() for one in tags.values()])).to_pylist())


@dataclass(frozen=True)
class _Marked:
    """Tags end to end: the row of each, whether it is B-, its type (-1 for O), and the type before it in its row."""

    rows: NDArray[np.int64]
    is_begin: NDArray[np.bool_]
    types: NDArray[np.int64]
    before: NDArray[np.int64]

    @property
    def is_loose(self) -> NDArray[np.bool_]:
        """I- that continues nothing: IOB2 has none."""
        found: NDArray[np.bool_] = (self.types >= 0) & ~self.is_begin & (self.before != self.types)
        return found

    @property
    def is_idle(self) -> NDArray[np.bool_]:
        """B- that parts nothing: IOB1 has none."""
        found: NDArray[np.bool_] = self.is_begin & (self.before != self.types)
        return found


def _begun_with_b(
    tags: Mapping[Split, pa.Array], places: Mapping[Split, str]
) -> tuple[Mapping[Split, pa.Array], tuple[str, ...]]:
    marked = {split: _marked(one, places[split]) for split, one in tags.items()}
    loose = {split: one.is_loose for split, one in marked.items()}
    if not any(one.any() for one in loose.values()):
        return tags, ()
    if any(one.is_idle.any() for one in marked.values()):
        guilty = next(split for split, one in loose.items() if one.any())
        first = int(loose[guilty].argmax())
        raise TaskError(
            f"{places[guilty]} row {marked[guilty].rows[first] + 1}: {tags[guilty].flatten()[first].as_py()} continues "
            "nothing, and IOB2 begins an entity with B-; nor are these tags IOB1, in which B- only parts two entities "
            "of a type; mend the tags"
        )
    begun = sum(int(one.sum()) for one in loose.values())
    fixed = {split: _begun(one, loose[split]) for split, one in tags.items()}
    return fixed, (f"tags are IOB1 and were turned into IOB2: {begun} entities now begin with B-",)


def _marked(tags: pa.Array, place: str) -> _Marked:
    """The tags of a split; TaskError for one that is neither O nor B- or I- before a type."""
    encoded = tags.flatten().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy()
    counts = tags.value_lengths().to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(counts)), counts)
    matches = [MARKED.fullmatch(name) for name in names]
    odd = np.array([match is None and name != OUTSIDE for name, match in zip(names, matches, strict=True)])
    if odd.any():
        first = int(odd[codes].argmax())
        raise TaskError(
            f"{place} row {rows[first] + 1}: the tag {names[codes[first]]!r} is neither {OUTSIDE} nor a type after B- "
            "or I-, as the others are; write IOB2 (B-type begins an entity, I-type continues it)"
        )
    types = {name: number for number, name in enumerate(dict.fromkeys(match[1] for match in matches if match))}
    kinds = np.array([types[match[1]] if match else -1 for match in matches])[codes]
    before = np.concatenate([[-1], kinds[:-1]])
    before[np.cumsum(counts)[:-1]] = -1
    return _Marked(rows, np.array([name.startswith("B-") for name in names])[codes], kinds, before)


def _begun(tags: pa.Array, loose: NDArray[np.bool_]) -> pa.Array:
    """The tags with B- where an I- begins an entity."""
    values = tags.flatten()
    begun = pc.binary_join_element_wise(pa.scalar("B"), pc.utf8_slice_codeunits(values, 1), pa.scalar(""))
    counts = np.concatenate([[0], np.cumsum(tags.value_lengths().to_numpy(zero_copy_only=False))])
    return pa.ListArray.from_arrays(pa.array(counts, pa.int32()), pc.if_else(pa.array(loose), begun, values))
