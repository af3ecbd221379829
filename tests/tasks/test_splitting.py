"""Splits by hash: exact, stratified, the same for ever."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.splitting import iterative_stratification, scrambled, shares, stratified_split, stratified_subset

STRATA = st.lists(st.integers(0, 3), min_size=1, max_size=60)


def test_scrambled_is_splitmix64():
    """The first outputs of the published generator from seed 0 and from seed 1, so no library update moves a split."""
    assert [f"{value:016x}" for value in scrambled(np.array([0, 1]))] == ["e220a8397b1dcdaf", "910a2dec89025cc1"]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.data())
def test_shares_are_proportional(counts, data):
    """Places add up, stay within one of the exact share, and never exceed a stratum."""
    total = data.draw(st.integers(0, sum(counts)))
    places = shares(total, np.array(counts))
    assert places.sum() == total
    assert (places <= counts).all()
    assert (np.abs(places - np.array(counts) * total / sum(counts)) < 1).all()


@given(STRATA, st.data())
def test_stratified_split_is_a_partition(strata, data):
    """Every example is in exactly one split, sizes are exact, and each class has its share of the first split."""
    first = data.draw(st.integers(0, len(strata)))
    sizes = {"train": first, "test": len(strata) - first}
    rows = stratified_split(np.arange(len(strata)), np.array(strata), sizes)
    assert {split: len(chosen) for split, chosen in rows.items()} == sizes
    assert sorted(np.concatenate(list(rows.values())).tolist()) == list(range(len(strata)))
    for stratum in set(strata):
        expected = strata.count(stratum) * first / len(strata)
        assert abs(np.sum(np.array(strata)[rows["train"].astype(int)] == stratum) - expected) < 1


@given(STRATA, st.data())
def test_a_subset_does_not_depend_on_the_order_of_rows(strata, data):
    """The same ids are chosen however the rows come."""
    size = data.draw(st.integers(1, len(strata)))
    ids, classes = np.arange(len(strata)), np.array(strata)
    turned = np.array(data.draw(st.permutations(range(len(strata)))))
    one = ids[stratified_subset(ids, classes, size)]
    other = ids[turned][stratified_subset(ids[turned], classes[turned], size)]
    assert set(one) == set(other)


@given(st.lists(st.tuples(*[st.booleans()] * 4), min_size=1, max_size=60), st.data())
def test_iterative_stratification_is_a_partition(rows, data):
    """Exact sizes and no example lost, whatever the labels, examples without any included."""
    first = data.draw(st.integers(0, len(rows)))
    sizes = {"train": first, "test": len(rows) - first}
    split = iterative_stratification(np.arange(len(rows)), np.array(rows), sizes)
    assert {name: len(chosen) for name, chosen in split.items()} == sizes
    assert sorted(np.concatenate(list(split.values())).tolist()) == list(range(len(rows)))


def test_iterative_stratification_spreads_rare_labels():
    """Ten examples of a rare label among a thousand go 7, 2 and 1 into splits of 70, 15 and 15 %, or nearly so."""
    generator = np.random.default_rng(0)
    labels = np.zeros((1000, 3), dtype=bool)
    labels[generator.permutation(1000)[:10], 0] = True
    labels[generator.permutation(1000)[:300], 1] = True
    labels[:, 2] = ~labels[:, 1]
    split = iterative_stratification(np.arange(1000), labels, {"train": 700, "validation": 150, "test": 150})
    rare = [int(labels[rows, 0].sum()) for rows in split.values()]
    common = [int(labels[rows, 1].sum()) for rows in split.values()]
    assert rare[0] == 7
    assert sorted(rare[1:]) == [1, 2]
    assert np.abs(np.array(common) - [210, 45, 45]).max() <= 1
