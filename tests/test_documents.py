"""What the documents say is so: links lead somewhere, commands and settings exist, worked examples run as shown."""

from __future__ import annotations

import importlib.util
import re
import tomllib

import pytest
import typer
import yaml

from runner.command_line import app
from runner.studies import STUDIES, StudyError, load
from tests.documents import DOCUMENTS, ROOT, WORKED, anchors, blocks, code, commands, links, named
from tests.worked_examples import place, run_blocks

README = ROOT / "README.md"
FIRST_STUDY = "Your first own study, in five minutes"
ROOMS = (
    "analysis/README.md",
    "analysis/measured/README.md",
    "cluster/README.md",
    "runner/README.md",
    "runner/pruning/README.md",
    "runner/store/README.md",
    "runner/trial/README.md",
    "tasks/README.md",
    "tests/benchmarks/README.md",
)
UsageFault = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""What typer raises for every command line that is none; it has no name of its own there."""

WHOLE = typer.main.get_command(app)

every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=named)


def test_the_readme_is_short():
    """What is longer belongs to a room."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 220


@every_document
def test_links_lead_somewhere(path):
    """Every relative link is a file or folder, and what stands after # is a heading there."""
    for link in links(path):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def parsed(words: list[str]) -> dict[str, object]:
    """The parameters of a command line, by the app's own parser; UsageFault if it knows no such thing."""
    command, names = WHOLE, list(words)
    while names and not names[0].startswith("-") and (verbs := getattr(command, "commands", None)):
        name = names.pop(0)
        assert name in verbs, f"there is no verb {name}"
        command = verbs[name]
    context = command.context_class(command, info_name=words[0])
    given, left, _ = command.make_parser(context).parse_args(names)
    assert not left, f"{left} are too many words"
    for parameter in command.params:
        if given.get(parameter.name):
            parameter.handle_parse_result(context, given, [])
    return given


@every_document
def test_commands_are_those_of_the_app(path):
    """Every `piesweep VERB` exists with the options, choices and numbers shown."""
    for words in commands(path, "piesweep"):
        try:
            parsed(words)
        except UsageFault as error:
            pytest.fail(f"piesweep {' '.join(words)}: {error.format_message()}")


@pytest.mark.parametrize(
    "line",
    [
        "rum quickstart",
        "run quickstart --shop results",
        "sql results --format xml",
        "plan pie --nodes none",
        "status a b",
    ],
)
def test_a_command_that_is_none_would_be_found(line):
    """The check can fail: no such verb, option, choice, number; a word too many."""
    with pytest.raises((UsageFault, AssertionError)):
        parsed(line.split())


@every_document
def test_other_commands_exist(path):
    """Every `make TARGET` is one of the Makefile, every `python -m MODULE` a module, every folder of tests there."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for words in commands(path, "make"):
        assert re.search(rf"^{re.escape(words[0])}:", makefile, re.MULTILINE), words
    for words in commands(path, "python -m"):
        assert importlib.util.find_spec(words[0]), words
    for words in commands(path, ".venv/bin/pytest") + commands(path, "pytest"):
        assert words[0].startswith("-") or (ROOT / words[0]).exists(), words


@every_document
def test_files_that_are_named_exist(path):
    """A Python file that a document names is where it says: from the root, beside it or below it."""
    below = [file.as_posix() for file in path.parent.rglob("*.py")] if path.parent != ROOT else []
    for piece in code(path):
        if not re.fullmatch(r"[\w./-]+\.py", piece):
            continue
        assert (ROOT / piece).exists() or any(file.endswith(f"/{piece}") for file in below), piece


def test_the_tree_is_what_there_is():
    """Every name of the README's tree is a file or folder of its room."""
    (tree,) = (block.text for block in blocks(README, "Where things are"))
    room = ROOT
    for line in tree.splitlines():
        room = ROOT / line.split()[0] if re.match(r"\w+/ ", line) else room
        for name in re.findall(r"[\w]+(?:\.py|/)(?=[\s,;:)(]|$)", line):
            assert any(room.rglob(name.rstrip("/"))) or (ROOT / name).exists(), f"{name} is not in {room}"


@pytest.mark.parametrize(
    ("path", "block"),
    [
        pytest.param(path, block, id=f"{named(path)}-{block.name or block.heading}")
        for path in DOCUMENTS
        for block in blocks(path)
        if block.language == "yaml"
    ],
)
def test_settings_are_those_of_studies(path, block, tmp_path):
    """A study that is shown is one; a part of one can be put into a shipped study."""
    shown, file = yaml.safe_load(block.text), tmp_path / "shown.yaml"
    if "grid" in shown:
        shown |= {"name": "blocks", "seeds": 3, "training": {"epochs": 1, "batch_size": 8, "learning_rate": 0.1}}
    file.write_text(yaml.safe_dump(shown))
    if "name" in shown:
        assert load(str(file), elsewhere=True).seeds
        return
    refusals = []
    for study in STUDIES:
        try:
            assert load(study, [f"@{file}"], elsewhere=True).seeds
        except StudyError as error:
            refusals.append(str(error))
    assert len(refusals) < len(STUDIES), "\n".join(refusals)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with what examples read, as the working directory."""
    monkeypatch.chdir(place(tmp_path))
    return tmp_path


@pytest.mark.parametrize("room", ROOMS)
def test_worked_examples_run_as_shown(room, clone):
    """Every room shows one, and it prints what it says."""
    assert run_blocks(blocks(ROOT / room, WORKED), clone) > 0


def test_the_first_study_can_be_planned(clone):
    """Its file is a study, and the commands that train nothing take it; tests of clusters run the others."""
    (clone / "reviews.csv").write_text(first_reviews())
    shown = blocks(README, FIRST_STUDY)
    console = shown[-1].text.splitlines()
    assert [line.split()[2] for line in console] == ["check", "plan", "run", "report"]
    (clone / shown[0].name).write_text(shown[0].text)
    runs = typer.testing.CliRunner()
    answers = [runs.invoke(app, line.partition("#")[0].split()[2:]) for line in console[:2]]
    assert [answer.exit_code for answer in answers] == [0, 0], answers
    assert "25 (5 dense, 20 pruned)" in answers[1].output
    assert "25 trials" in console[1]


def test_the_citation_is_of_this_version():
    """CITATION.cff has the fields that CFF 1.2.0 asks for, this version and licence, and papers with their authors."""
    card = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= card.keys()
    assert card["cff-version"] == "1.2.0"
    assert (card["type"], card["title"], card["version"]) == ("software", project["name"], project["version"])
    assert card["license"] in project["license"].split(" AND ")
    for paper in card["references"]:
        assert {"type", "title", "authors", "year"} <= paper.keys()
        assert all({"family-names", "given-names"} == author.keys() for author in paper["authors"])


def first_reviews() -> str:
    """A table such as a newcomer has: eighty sentences, good or bad."""
    words = {"good": ("warm", "funny", "moving", "bright"), "bad": ("dull", "empty", "noisy", "flat")}
    rows = [
        f"A {words[label][number % 4]} film with {number} scenes and a {words[label][number // 4 % 4]} end.,{label}"
        for number in range(40)
        for label in words
    ]
    return "\n".join(["text,label", *rows]) + "\n"
