"""What the page's script reads: it comes out as it went in, and the same content gives the same text."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.page.packing import ALIGNMENT, TYPES, Packing, unpacked


@pytest.mark.parametrize("head", [{"texts": []}, {"texts": ["é\u2028</script>", "\U0001f967"]}, {"x": "\udc80"}])
def test_it_reads_back(head: dict[str, object]) -> None:
    """Names of any script, even broken ones, and arrays of every type and length come out unchanged."""
    arrays = [np.arange(size).astype(kind) for kind in sorted(TYPES) for size in (0, 1, ALIGNMENT - 1, 1000)]
    packing = Packing()
    assert [packing.add(values) for values in arrays] == list(range(len(arrays)))
    text = packing.packed(head)
    found, values = unpacked(text)
    assert {name: found[name] for name in head} == head
    for one, other in zip(arrays, values, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert text == packing.packed(head)
    assert not set(text) & set("<>&\"'")


def test_other_types_are_refused() -> None:
    """What a browser has no typed array for is named, with what is allowed."""
    with pytest.raises(TypeError, match=r"int64.*choose from.*uint8"):
        Packing().add(np.arange(3))
