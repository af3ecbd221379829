"""Where a store lies: a folder of this machine or a shared one, or a prefix in object storage."""

from __future__ import annotations

from pathlib import Path
from typing import cast

OBJECT_STORAGE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss")
"""Protocols of places that every process, on any machine, finds with the same content and can write to."""
FOLDERS = ("file", "local")


def place(text: str) -> Path:
    """The folder that a path, or an fsspec URL such as s3://bucket/prefix, names; nothing is created.

    A URL gives a `upath.UPath`, which has the interface of pathlib and is called Path in signatures. Credentials and
    endpoint come from the environment (AWS_ENDPOINT_URL, AWS_PROFILE, ...). ValueError for a URL that cannot be used.
    """
    if "://" not in text:
        return Path(text)
    protocol = text.partition("://")[0]
    if protocol not in (*FOLDERS, *OBJECT_STORAGE):
        raise ValueError(
            f"{text} is no place for a store: '{protocol}' keeps nothing that other processes can read and write; give "
            f"a folder, or a URL that begins with {', '.join(f'{name}://' for name in OBJECT_STORAGE)}"
        )
    try:
        from upath import UPath

        # Listings must never be remembered: other processes write too.
        found = UPath(text, use_listings_cache=False)
        if found.protocol in FOLDERS:
            return Path(found.path)
        found.fs.protocol  # noqa: B018  (loads the file system, or says what is not installed)
    except ImportError as error:
        raise ValueError(f"{text} needs more than is installed ({error}); pip install 'piesweep[s3]'") from error
    except ValueError as error:
        raise ValueError(f"{text} is no place for a store: {error}; give a folder, or s3://bucket/prefix") from error
    return cast("Path", found)
