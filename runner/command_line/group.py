"""End every verb alike: exit codes, one clear message for bad input, quiet at a broken pipe."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from runner.printable import printable
from runner.store.files.scratch import sweep_scratch

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 75
PARSERS_PREFIX = "Value error, "
"""What stands before the message of a ValueError that an argument's parser has raised."""

# Of errors that other libraries raise, by full name: importing them would load pyarrow and more. Errors of our own that
# are the user's to mend have the attribute `exit_status`.
FOREIGN: dict[str, int] = {
    "builtins.OSError": FAILED,
    "builtins.MemoryError": FAILED,
    "botocore.exceptions.BotoCoreError": FAILED,
    "_duckdb.OutOfMemoryException": FAILED,
    "_duckdb.Error": BAD_INPUT,
}

OUT_OF_MEMORY = (
    "this takes more memory than it may have here: compact the store, so that its votes are counted once for all; ask "
    "for one task and split at a time; or set PIESWEEP_MEMORY, as to 16GiB"
)


def _of_duckdb(error: Any) -> str:
    from analysis.relations.committed_files import damage_behind
    from analysis.relations.duckdb_errors import in_one_line

    damage = damage_behind(error)
    return str(damage) if damage else f"DuckDB cannot answer this: {in_one_line(error)}"


# What to say instead of the error's own words, where these do not help.
SAID: dict[str, Callable[[Exception], str]] = {
    "_duckdb.OutOfMemoryException": lambda _: OUT_OF_MEMORY,
    "builtins.MemoryError": lambda _: OUT_OF_MEMORY,
    "_duckdb.Error": _of_duckdb,
}


class VerbGroup(TyperGroup):
    """The group of all verbs: turns what they raise into a message on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; what killed processes left in temporary folders goes first."""
        sweep_scratch()
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader (head, less) has seen enough. Python would complain again when it closes the pipe at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(128 + signal.SIGPIPE) from None
        except KeyboardInterrupt:
            raise typer.Exit(128 + signal.SIGINT) from None
        except typer.BadParameter as error:
            if not error.message:  # an argument is missing: its usage says more than a line
                raise
            said = error.format_message().replace(PARSERS_PREFIX, "")
            typer.echo(f"piesweep: {printable(said, block=True)}", err=True)
            raise typer.Exit(BAD_INPUT) from None
        except Exception as error:
            code = exit_code_of(error)
            if code is None:
                raise
            typer.echo(f"piesweep: {message_of(error)}", err=True)
            raise typer.Exit(code) from None
        return result


def exit_code_of(error: Exception) -> int | None:
    """The exit code of an error that has a message for the user; None for a fault of ours, whose traceback we want."""
    own = getattr(type(error), "exit_status", None)
    return own if isinstance(own, int) else next((FOREIGN[name] for name in _names(error) if name in FOREIGN), None)


def message_of(error: Exception) -> str:
    """What the user is told of such an error."""
    said = next((SAID[name] for name in _names(error) if name in SAID), str)
    return printable(said(error), block=True)


def _names(error: Exception) -> list[str]:
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
