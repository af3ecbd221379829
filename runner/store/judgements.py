"""How good a trial's answers are, told anew from the answers and the examples, for kinds that keep it in their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.kinds.base import Kind


def judged(kind: Kind, examples: pa.Table, answers: pa.Array) -> Mapping[str, NDArray[Any]]:
    """The columns `judged` of a kind for answers to these examples; ValueError for one that cannot be theirs."""
    own = kind.about(examples)
    (gold,) = (own.codes(examples[name].combine_chunks(), 0) for name in kind.gold)
    return own.judgements(gold, own.codes(answers, 0))


def false_judgements(kind: Kind, examples: pa.Table, rows: pa.Table) -> Iterator[str]:
    """What is wrong with the judgements of a trial's rows, a clause a split; its ids must be those of the examples."""
    for split in pc.unique(rows["split"]).to_pylist() if kind.judged else ():
        own, asked = (
            one.filter(pc.equal(one["split"], split)).sort_by("example_id").combine_chunks() for one in (rows, examples)
        )
        try:
            found = judged(kind, asked, own[kind.answer].combine_chunks())
        except ValueError as error:
            yield f"answers to the {split} split that cannot be: {error}"
            continue
        for name, values in found.items():
            if not np.array_equal(values, own[name].to_numpy(zero_copy_only=False)):
                yield f"a {name} of its {split} answers that is not theirs"
