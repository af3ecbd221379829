"""Private scratch folders: mode, removal, and whose are swept."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from runner.store.files import scratch
from runner.store.files.scratch import NoScratch, make_scratch, remove_scratch, scratch_folder, sweep_scratch

MAKER = """
import sys, time
from runner.store.files.scratch import make_scratch
print(make_scratch("spill"), flush=True)
time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "OTHER_PLACES", ())
    return tmp_path


def dead(place: Path, purpose: str = "spill") -> Path:
    """A folder as a process leaves it that was killed."""
    folder = make_scratch(purpose)
    (folder / "row").touch()
    os.close(scratch._held.pop(folder))
    assert folder.parent == place
    return folder


def test_a_folder_is_private_whatever_the_umask_and_gone_after_the_block(place: Path) -> None:
    """Nobody else can look into it while it is there, and nothing is left."""
    before = os.umask(0)
    try:
        with scratch_folder("spill") as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            (folder / "inner").mkdir()
    finally:
        os.umask(before)
    assert list(place.iterdir()) == []


def test_a_dead_maker_s_folder_is_swept_and_a_living_one_s_stays(place: Path) -> None:
    """Of this process, of another that runs, and of that one after SIGKILL."""
    ours, gone = make_scratch("spill"), dead(place)
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen([sys.executable, "-c", MAKER], stdout=subprocess.PIPE, text=True, env=environment) as maker:
        assert maker.stdout is not None
        theirs = Path(maker.stdout.readline().strip())
        assert theirs.parent == place
        assert sweep_scratch(["spill"]) == 1
        assert (ours.exists(), theirs.exists(), gone.exists()) == (True, True, False)
        maker.kill()
        maker.wait()
    assert sweep_scratch(["spill"]) == 1
    assert list(place.iterdir()) == [ours]
    remove_scratch(ours)


def test_only_the_purposes_that_are_named_are_swept(place: Path) -> None:
    """Each room sweeps its own."""
    kept = dead(place, "ray")
    assert sweep_scratch(["spill"]) == 0
    assert kept.exists()
    assert sweep_scratch(["spill", "ray"]) == 1


def test_links_files_and_other_names_are_never_touched(place: Path) -> None:
    """A link with the name of a dead folder, what it points to, a file, an older version's folder, another boot's."""
    name = dead(place).name
    sweep_scratch(["spill"])
    target = place / "target"
    target.mkdir()
    (target / "precious").touch()
    (place / name).symlink_to(target)
    boot = name.split("-")[2]
    others = [place / f"piesweep-spill-{boot}-1-abcd", place / "piesweep-spill-x7h2k3", place / "piesweep-spill"]
    others[0].touch()
    for other in others[1:]:
        other.mkdir()
    (place / name.replace(boot, "ffffff" if boot != "ffffff" else "000000")).mkdir()
    before = sorted(place.iterdir())
    assert sweep_scratch(["spill"]) == 0
    assert sorted(place.iterdir()) == before
    assert (target / "precious").exists()


def test_another_user_s_folder_is_never_touched(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where this process could."""
    folder = dead(place)
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    assert sweep_scratch(["spill"]) == 0
    assert folder.exists()


def test_a_folder_lies_elsewhere_where_the_first_place_is_too_long_or_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next place that is short enough is taken; if there is none, one line says which were tried."""
    long, short = tmp_path / ("x" * 80), tmp_path / "s"
    long.mkdir()
    short.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    monkeypatch.setattr(scratch, "OTHER_PLACES", (str(short),))
    longest = len(str(short)) + 40
    with scratch_folder("ray", longest) as folder:
        assert folder.parent == short
    short.rmdir()
    with pytest.raises(NoScratch, match=r"is too long.*Set TMPDIR to a short path of yours"):
        make_scratch("ray", longest)
    long.rmdir()
    with pytest.raises(NoScratch, match="no place for temporary files"):
        make_scratch("ray")
