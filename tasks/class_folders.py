"""Find pictures in a folder that has a folder for every class."""

from __future__ import annotations

from pathlib import Path

from tasks.base import TaskError
from tasks.pictures import ENDINGS
from tasks.spelling import in_order

SHOWN = 3


def pictures_by_class(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Class -> its pictures by name, in the order of classes; and a sentence on the files that are left out.

    A class is a folder; pictures may lie in folders below it. Names that begin with a dot are passed over. TaskError
    for a folder that has no folders, or one of them without a picture.
    """
    if not folder.is_dir():
        raise TaskError(f"{folder} {'is no folder' if folder.exists() else 'does not exist'}")
    classes = in_order(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not classes:
        raise TaskError(f"{folder} has no folders; images lie in a folder for each class, such as {folder.name}/cat")
    found: dict[str, list[Path]] = {}
    odd: list[str] = []
    for name in classes:
        files = sorted(path for path in (folder / name).rglob("*") if path.is_file() and not path.name.startswith("."))
        found[name] = [path for path in files if path.suffix.lower() in ENDINGS]
        odd += [path.relative_to(folder).as_posix() for path in files if path.suffix.lower() not in ENDINGS]
        if not found[name]:
            raise TaskError(
                f"{folder} has the class '{name}' without a single image ({', '.join(ENDINGS)}); add some or remove "
                "its folder"
            )
    shown = f"{', '.join(odd[:SHOWN])}{', ...' if len(odd) > SHOWN else ''}"
    return found, [f"{folder}: {len(odd)} files that are no pictures are left out: {shown}"] if odd else []
