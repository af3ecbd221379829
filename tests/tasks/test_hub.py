"""Data sets through `datasets`: what a folder holds now is what is loaded."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from tasks.hub import arrow_table, load_splits


def test_folders_of_one_name_give_what_each_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second folder with the same last name and configuration is not taken for the first."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    for parent in ("one", "two"):
        folder = tmp_path / parent / "copy"
        (folder / "small").mkdir(parents=True)
        datasets.Dataset.from_dict({"text": [parent]}).to_parquet(str(folder / "small" / "train.parquet"))
        files = "configs:\n- config_name: small\n  data_files:\n  - split: train\n    path: small/train*\n"
        (folder / "README.md").write_text(f"---\n{files}---\n")
        assert arrow_table(load_splits(str(folder), "small")["train"])["text"].to_pylist() == [parent]
