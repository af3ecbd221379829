"""Records that carry the hash of their own text, so that no flipped bit of one passes for what was written.

The hash is the first key of the record: `{"sha256":"<64 hex digits>",` and then the text that it was taken of. Outside
readers see JSON with one key more. What earlier versions wrote has no hash and is read as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from runner.store.errors import StoreError

START = b'{"sha256":"'
END = b'",'
HEAD = len(START) + 64 + len(END)

Record = TypeVar("Record", bound=BaseModel)


def sealed(text: bytes) -> bytes:
    """A JSON object's text with the hash of it put first."""
    rest = text[1:]
    return START + hashlib.sha256(rest).hexdigest().encode() + END + rest


def unsealed(content: bytes, what: str) -> bytes:
    """The text that was sealed; StoreError if it is not what the hash was taken of. `what` names the record."""
    if not content.startswith(START):
        return content
    rest = content[HEAD:]
    if content[:HEAD] != START + hashlib.sha256(rest).hexdigest().encode() + END:
        raise StoreError(f"{what} does not have the hash that it names: it is damaged, or was changed by hand{REMEDY}")
    return b"{" + rest


def read_record(kind: type[Record], content: bytes, path: Path | str, what: str) -> Record:
    """The record of this kind that a file holds; StoreError says which file is damaged, where, and what to do."""
    try:
        return kind.model_validate_json(unsealed(content, f"{what} {path}"))
    except ValidationError as error:
        raise StoreError(f"{what} {path} cannot be read: {told(error.errors())}{REMEDY}") from error


def told(errors: Sequence[Any]) -> str:
    """The first of pydantic's complaints, in one line."""
    place = ".".join(str(part) for part in errors[0]["loc"])
    return f"{place}: {errors[0]['msg']}" if place else str(errors[0]["msg"])


REMEDY = "; restore the file from a copy, or set it aside with piesweep verify --repair"
