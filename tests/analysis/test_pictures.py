"""Pictures of examples: as files, as what a page and a terminal show of them, and as nothing where there are none."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from analysis.page import packed_pictures
from analysis.page.explorer import explorer
from analysis.page.packing import unpacked
from analysis.page.page import Page, render
from analysis.page.provenance import provenance
from analysis.pictures import Picture, pictures
from analysis.quoting import quoted
from analysis.relations.database import connect
from analysis.results import Results
from analysis.summary import broken_examples
from runner.store.errors import StoreError
from tests.analysis.picture_stores import CLASSES, EXAMPLES, colours, write_pictures, write_task
from tests.analysis.test_report import Tags

GREY = Picture(height=2, width=2, channels=1, content=bytes([0, 64, 128, 255]))
COLOUR = Picture(height=2, width=2, channels=3, content=bytes(range(12)))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of pictures of 2 x 2 pixels."""
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def results(seen: Path) -> Results:
    """Its results."""
    return Results.of(seen)


def decoded(address: str) -> Image.Image:
    """What an address that holds a picture shows."""
    head, content = address.split(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


@pytest.mark.parametrize(("picture", "mode"), [(GREY, "L"), (COLOUR, "RGB")])
def test_a_file_holds_the_very_bytes(picture: Picture, mode: str) -> None:
    """Pillow reads from the file what it was made of, grey or in colour."""
    read = decoded(picture.address)
    assert (read.format, read.mode, read.size) == ("PNG", mode, (2, 2))
    assert read.tobytes() == picture.content


def test_height_and_width_keep_their_places() -> None:
    """A picture of one line and three columns is as wide as it was, in words, in the file and when it is enlarged."""
    wide = Picture(height=1, width=3, channels=1, content=bytes([1, 2, 3]))
    assert wide.size == "3 x 1 pixels"
    assert decoded(wide.address).size == (3, 1)
    assert wide.enlarged(84) == (28, 84)


def test_a_large_picture_is_made_smaller_and_says_its_size() -> None:
    """The longer side is as long as it may be; a small picture stays what it is."""
    large = Picture(height=20, width=400, channels=1, content=bytes([7]) * 8000)
    small = large.within(100)
    assert (small.height, small.width, small.size) == (5, 100, "400 x 20 pixels")
    assert small.content == bytes([7]) * 500
    assert large.within(1).content == bytes([7])
    assert GREY.within(2) is GREY
    assert large.enlarged(84) == (20, 400)


def test_pictures_are_read_as_bytes_or_numbers(results: Results) -> None:
    """Bytes come out as they were stored; numbers from 0 to 1 as grey; what is asked for and nothing else."""
    connection = results.connection
    found = pictures(connection, "patches", "test", [2, 0])
    assert {number: one.content for number, one in found.items()} == {at: colours(2, 2)[at].tobytes() for at in (0, 2)}
    assert {(one.height, one.width, one.channels) for one in found.values()} == {(2, 2, 3)}
    (grey,) = pictures(connection, "strokes", "test", [1]).values()
    assert grey == GREY
    assert pictures(connection, "patches", "train", [0]) == {}
    assert pictures(connection, "none", "test", [0]) == {}


def test_numbers_that_are_no_square_are_no_picture(tmp_path: Path) -> None:
    """Three numbers are shown as nothing; a task whose examples have different numbers of them is refused."""
    numbers = pa.list_(pa.float32())
    write_task(tmp_path, "three", pa.array([[0.0, 0.5, 1.0]], numbers), None)
    write_task(tmp_path, "mixed", pa.array([[0.0] * 4, [0.0] * 9], numbers), None)
    connection = connect(tmp_path)
    assert pictures(connection, "three", "test", [0]) == {}
    with pytest.raises(StoreError, match="test example 1 of task 'mixed' has 9 values"):
        pictures(connection, "mixed", "test", [1])


def test_examples_have_no_further_column(results: Results) -> None:
    """Bytes of images are in no view of examples, so in no export and no answer to SQL."""
    described = results.connection.execute("SELECT * FROM internal.example LIMIT 0").description
    assert {name for name, *_ in described or ()} >= {"example_id", "label", "text"}
    assert [name for name, kind, *_ in described or () if str(kind) in ("BLOB", "BINARY")] == []


def test_a_printed_example_has_the_size_of_its_picture(results: Results) -> None:
    """No text is missing where there is a picture; without both the example is named by its number as before."""
    told = broken_examples(results, 3)
    assert told.count("  picture of 2 x 2 pixels\n") == 3
    assert "has no text" not in told
    assert quoted(None, None, 7) == "  “(example 7 has no text)”"
    assert quoted("a text", None, 7, GREY) == "  “a text”"


def test_the_page_has_each_picture_once(results: Results) -> None:
    """Two models share the pictures of their task, every example finds its own, and nothing is left out."""
    found = explorer(results)
    head, arrays = unpacked(found.packed)
    patches, shared, strokes = sorted(head["groups"], key=lambda group: (group["task"], group["model"]))
    assert patches["pictures"] == shared["pictures"]
    assert patches["pictures"][:4] == ["2 x 2 pixels", 2, 2, 3]
    stack = arrays[patches["pictures"][4]].reshape(-1, 2, 2, 3)
    assert np.array_equal(stack[arrays[patches["picture"]]], colours(2, 2)[arrays[patches["ids"]]])
    assert strokes["pictures"][:4] == ["2 x 2 pixels", 2, 2, 1]
    assert arrays[strokes["pictures"][4]].tobytes() == GREY.content * EXAMPLES
    assert (found.pictures.left_out, found.pictures.made_smaller) == (0, False)


def test_what_has_no_room_is_counted_the_most_broken_stay(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for one picture in colour: it is the one that most cells break; the others point at none."""
    monkeypatch.setattr(packed_pictures, "ROOM", 12)
    found = explorer(results)
    head, arrays = unpacked(found.packed)
    group = next(group for group in head["groups"] if group["task"] == "patches")
    assert arrays[group["picture"]].tolist() == [255, 255, 255, 0]
    assert arrays[group["pictures"][4]].tobytes() == colours(2, 2)[EXAMPLES - 1].tobytes()
    assert found.pictures.left_out == 2 * EXAMPLES - 1


def test_large_pictures_are_packed_smaller(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of pictures longer than a page shows only as much is packed, beside their true size."""
    monkeypatch.setattr(packed_pictures, "SIDE", 1)
    found = explorer(results)
    head, arrays = unpacked(found.packed)
    group = next(group for group in head["groups"] if group["task"] == "patches")
    assert group["pictures"][:4] == ["2 x 2 pixels", 1, 1, 3]
    assert len(arrays[group["pictures"][4]]) == EXAMPLES * 3
    assert found.pictures.made_smaller


def test_the_overview_shows_the_broken_ones(seen: Path, results: Results) -> None:
    """An image element a broken example, with the picture inside, its class and id escaped; left out ones are told."""
    written = provenance(seen, seen.parent / "out", None, results)
    page = Page(studies=(), results=results, tables=[], drawn=[], explorer=explorer(results), provenance=written)
    html = render(page)
    images = [attributes for name, attributes in Tags(html).found if name == "img"]
    assert len(images) == 9
    assert decoded(str(images[0]["src"])).tobytes() == colours(2, 2)[EXAMPLES - 1].tobytes()
    assert images[0]["alt"] == f"gold {CLASSES[0]}, test example {EXAMPLES - 1}"
    assert (images[0]["width"], images[0]["height"]) == ("84", "84")
    assert "are left out to keep the page small" not in html
    assert "<script>alert" not in html
