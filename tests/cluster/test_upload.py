"""What `ray job submit --working-dir .` uploads with the documented runtime environment, by Ray's own packager."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml
from ray._private.runtime_env.packaging import create_package

ROOT = Path(__file__).parents[2]
AT_HOME = (".ci/", "tests/", "analysis/measured/")


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Every file of a clean clone."""
    found = subprocess.run(["git", "ls-files"], check=False, capture_output=True, text=True, cwd=ROOT)
    if found.returncode:
        pytest.skip("this is no git clone, so nobody knows which files belong to it")
    return [name for name in found.stdout.splitlines() if (ROOT / name).is_file()]


def test_a_job_takes_the_code_along_and_little_else(tracked: list[str], tmp_path: Path) -> None:
    """From a clean clone less than 5 MB goes, a twentieth of what Ray takes: every file outside CI, the tests
    and the measured figures, so that whatever a job imports, reads or ships with is there."""
    clone, package = tmp_path / "clone", tmp_path / "package.zip"
    for name in tracked:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, clone / name)
    (clone / "results").mkdir()
    (clone / "results" / "large.bin").write_bytes(bytes(2_000_000))
    excludes = yaml.safe_load((ROOT / "cluster" / "runtime_env.yaml").read_text())["excludes"]
    create_package(str(clone), package, include_gitignore=True, excludes=excludes)
    with zipfile.ZipFile(package) as archive:
        packed = {name for name in archive.namelist() if not name.endswith("/")}
    assert packed == {name for name in tracked if not name.startswith(AT_HOME)}
    assert package.stat().st_size < 5_000_000
