"""Check the names that a store takes from records of others, and make file names of them.

Every model of `runner.store.schema` reads names through these types: what they let pass can name no file but one of the
store's own.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import AfterValidator, Field

LONGEST = 200
"""Bytes of a task's file name without its ending; a file system takes 255, and some names have marks of ours."""


def _task_name(name: str) -> str:
    if not name or name != name.strip() or any(unicodedata.category(letter).startswith("C") for letter in name):
        raise ValueError("a task's name is text without control characters and without blanks at its ends")
    if len(file_name(name)) > LONGEST:
        raise ValueError(f"a task's name takes at most {LONGEST} bytes as a file name, where / is %2F")
    return name


def file_name(task: str) -> str:
    """A task's name as part of a file's: letters, digits, _ - . and ~ stay, all else is percent-encoded UTF-8."""
    encoded = quote(task, safe="")
    return f"%2E{encoded[1:]}" if encoded.startswith(".") else encoded


def task_of(name: str) -> str:
    """The inverse of `file_name`."""
    return unquote(name)


TaskName = Annotated[str, AfterValidator(_task_name)]
TrialId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Attempt = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
StoredFile = Annotated[str, Field(pattern=r"^(data|votes|tasks)/[A-Za-z0-9%_~-][A-Za-z0-9%._~-]*\.parquet$")]
StoredExtra = Annotated[
    str, Field(pattern=r"^extras/[0-9a-f]{16}\.[0-9a-f]{12}\.[a-z][a-z0-9-]*\.(safetensors|parquet)$")
]
ExtraName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
SplitName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f/]{1,64}$")]
