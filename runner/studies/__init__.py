"""Studies: the grids that ship with the project, and the reading of a user's own."""

from __future__ import annotations

import contextlib
from pathlib import Path

from runner.studies import checks, overrides
from runner.studies.document import Document, read_document, read_file
from runner.studies.errors import Problem, StudyError, suggestion
from runner.studies.study import Study
from runner.studies.validation import report, validated

__all__ = ["STUDIES", "Problem", "Study", "StudyError", "load", "require_inputs"]

STUDIES: dict[str, str] = {
    "quickstart": "quickstart.yaml",
    "quickstart-bert": "quickstart-bert.yaml",
    "snippets-bilstm": "snippets-bilstm.yaml",
    "snippets-minilm": "snippets-minilm.yaml",
    "snli-minilm": "snli-minilm.yaml",
    "reuters-bilstm": "reuters-bilstm.yaml",
    "pie": "pie.yaml",
    "recall": "recall.yaml",
    "recall-low": "recall-low.yaml",
    "recall-lth": "recall-lth.yaml",
    "recall-chip": "recall-chip.yaml",
    "recall-lenet": "recall-lenet.yaml",
    "recall-resnet-20": "recall-resnet-20.yaml",
    "pins": "pins.yaml",
    "pins-small": "pins-small.yaml",
}


def load(study: str, changes: list[str] | None = None, *, elsewhere: bool = False) -> Study:
    """The study of this shipped name or path, with dotted overrides applied, checked as far as no data is needed.

    Paths in a study file are relative to its folder; those in overrides and shipped studies to the working
    directory. elsewhere: it is for other machines, so paths stay as they are written, and none is looked for here.
    StudyError says in one line each what is wrong, where, and what is allowed.
    """
    document = overrides.apply(_document(study, elsewhere), changes or [], Path.cwd())
    result = validated(document)
    found = checks.problems(result, elsewhere=elsewhere)
    if found:
        raise StudyError(report(document, found))
    return result


def require_inputs(study: Study, *, elsewhere: bool = False, libraries: bool = True) -> None:
    """Refuse to run a study that lacks some data of the user's, a model's file or a library. StudyError names each.

    elsewhere: it runs on other machines, so only what was not given at all is missing. libraries: False where it runs
    in a container, with other packages than those installed here.
    """
    found = checks.missing_data(study) if elsewhere else checks.missing_inputs(study, libraries=libraries)
    if found:
        place = Document(source=f"study '{study.name}'", folder=Path.cwd(), values={})
        raise StudyError(report(place, found))


def _document(study: str, elsewhere: bool) -> Document:
    if study in STUDIES:
        content = (Path(__file__).parent / STUDIES[study]).read_bytes()
        return read_document(STUDIES[study], content, Path.cwd(), elsewhere=elsewhere)
    path = Path(study)
    try:
        content = read_file(path)
    except StudyError as error:
        what = str(error)
        with contextlib.suppress(OSError, ValueError):
            if path.is_dir():
                what = "is a folder, not a study file"
            elif not path.exists():
                what = "is neither a shipped study nor a file"
        raise StudyError(
            f"'{study}' {what}{suggestion(study, STUDIES)}; shipped studies: {', '.join(STUDIES)}"
        ) from None
    return read_document(study, content, path.resolve().parent, elsewhere=elsewhere)
