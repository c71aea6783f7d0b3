"""Text on the colours of its values: nothing lost, everything escaped, and readable on every colour."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from recollect.core.errors import InputError, ShapeError
from recollect.report.canvas import embed
from recollect.report.coloured import coloured_figure, coloured_html

TEXT = "<b>&\"'\n\tone  two three\n"


class Reader(HTMLParser):
    """The text of a fragment, and the (style, title, text) of each token."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.text, self.tokens, self.tags, self.inside = "", [], set(), False
        self.feed(str(fragment))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.inside = self.inside or tag == "pre"
        if self.inside and tag == "span":
            found = dict(attrs)
            self.tokens.append((found["style"] or "", found["title"] or ""))

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "pre"

    def handle_data(self, data: str) -> None:
        self.text += data if self.inside else ""


def contrast(style: str) -> float:
    """Of ink and ground by WCAG 2.1, written a second time."""
    ground, ink = re.findall(r"#([0-9a-f]{6})", style.lower())

    def luminance(colour: str) -> float:
        shares = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(ground), luminance(ink)))
    return (high + 0.05) / (low + 0.05)


def test_nothing_is_lost_and_all_is_escaped() -> None:
    reader = Reader(coloured_html(TEXT, np.zeros(len(TEXT)), title="<i>"))
    assert reader.tags == {"figure", "figcaption", "b", "div", "span", "pre"}
    assert reader.text.replace("\u21b5", "").replace("\u2192", "\t").replace("\u00b7", " ") == TEXT
    assert "one\u00b7\u00b7two three\u21b5\n" in reader.text and "\u21b5\n\u2192one" in reader.text
    assert not re.search(r"https?:|url\(|src=|<link|<script", coloured_html(TEXT, np.zeros(len(TEXT))))


def test_tokens_may_be_words_and_hold_line_breaks() -> None:
    reader = Reader(coloured_html(["one", " two\nth", "ree"], np.array([0.0, -1.0, 0.5])))
    assert reader.text == "one two\u21b5\nthree"
    assert [title for _, title in reader.tokens] == ["+0", "-1", "-1", "+0.5"]


def test_colours_are_symmetric_about_white_and_every_ink_can_be_read() -> None:
    values = np.linspace(-2, 2, 401)
    styles = [style for style, _ in Reader(coloured_html("x" * 401, values)).tokens]
    red, green, blue = (int(styles[200].partition("#")[2][n : n + 2], 16) for n in (0, 2, 4))
    assert min(red, green, blue) > 240
    assert len({style.partition(";")[0] for style in styles}) > 200
    assert min(map(contrast, styles)) >= 4.5


def test_a_shared_scale_is_kept() -> None:
    fragment = coloured_html("ab", np.array([0.5, -0.5]), most=1.0)
    assert ">-1</span>" in fragment and ">1</span>" in fragment
    assert Reader(fragment).tokens[0][0] == Reader(coloured_html("ab", np.array([0.5, 1.0]))).tokens[0][0]
    with pytest.raises(InputError, match=r"most is 0.25, and there is a value of size 0.5"):
        coloured_html("ab", np.array([0.5, -0.5]), most=0.25)


def test_what_cannot_be_coloured_is_said() -> None:
    with pytest.raises(ShapeError, match=r"values have the shape \[2\], and must be \[3\]"):
        coloured_html("abc", np.zeros(2))
    with pytest.raises(InputError, match="not all finite"):
        coloured_figure("ab", np.array([0.0, np.nan]))
    for text in ("", "x" * 2001):
        with pytest.raises(InputError, match="characters, and a picture holds 1 to 2,000"):
            coloured_figure(text, np.zeros(len(text)))
    assert Reader(coloured_html("", np.zeros(0))).text == ""


def test_the_picture_breaks_at_spaces_and_gives_wide_letters_room() -> None:
    text = "word " * 20 + "\u8bb0\u4f4f e\u0301"
    axes = coloured_figure(text, np.linspace(-1, 1, len(text))).axes[0]
    placed = [(one.get_text(), *one.get_position()) for one in axes.texts]
    lines = sorted({y for _, _, y in placed})
    assert len(lines) == 2
    assert "".join(letter for letter, _, y in placed if y == lines[0]) == "word" * 16
    wide = [x for letter, x, _ in placed if letter in "\u8bb0\u4f4f"]
    assert wide == [21.0, 23.0]  # behind four words and spaces, two columns each
    e, accent = (x for letter, x, _ in placed if letter in "e\u0301")
    assert accent - e == 0.5
    assert len(axes.collections[0].get_paths()) == len(text)


def test_the_picture_can_be_written_both_ways() -> None:
    figure = coloured_figure("to be, or", np.arange(9.0), title="unit 3")
    assert embed(figure, "png") and embed(figure, "svg")


@pytest.mark.parametrize("text", ["x" * 100, " " + "x" * 79 + "\u8bb0", "a " + "\u8bb0" * 60])
def test_a_word_longer_than_a_line_breaks_where_it_must(text: str) -> None:
    axes = coloured_figure(text, np.zeros(len(text))).axes[0]
    ends = [path.get_extents().x1 for path in axes.collections[0].get_paths()]
    assert max(ends) <= 80


def test_a_scale_without_values_below_zero_begins_there() -> None:
    for values, shown in ((np.array([0.0, 1.0, 3.0]), (0, 4)), (np.array([0.0, 1.0, -3.0]), (-4, 4))):
        bar = coloured_figure("abc", values, most=4).axes[1]
        assert bar.get_xlim() == shown
        assert [float(tick.get_text()) for tick in bar.get_xticklabels()] == sorted({shown[0], 0, 4})
        page = coloured_html("abc", values, most=4)
        assert f"<span>{shown[0]}</span>" in page and "<span>4</span>" in page
        (first,) = re.findall(r"90deg,(#\w+)", page)
        assert (first in re.findall(r"background:(#\w+)", page)) == (shown[0] == 0), "the colour of the 0 in the text"
