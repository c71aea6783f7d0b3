"""Properties of a text, worked by hand, one figure for each character."""

from __future__ import annotations

import pytest

from recollect.memory import brackets, line_length, line_position, quotes


def digits(values) -> str:
    return "".join(f"{value:.0f}" for value in values)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('a "b" c', "0011000"),
        ("it's \u201chis\u201d", "0000011110"),
        ('"a \u201cb" c', "11111000"),  # another kind inside is text
        ('"a\n\nb" c', "11100111"),  # not closed: ends with its paragraph, and the next mark opens anew
        ("\u300c\u8bb0\u300d\u3002", "1100"),
        ("", ""),
    ],
)
def test_quotes(text: str, inside: str) -> None:
    assert digits(quotes(text)) == inside


def test_brackets() -> None:
    assert digits(brackets("f(a[1]) )x(")) == "01122100001"


def test_lines() -> None:
    text = "ab\n\ncde\nf"
    assert digits(line_position(text)) == "120012301"
    assert digits(line_length(text)) == "222033331"


def test_tokens_are_judged_when_they_have_been_read() -> None:
    tokens = ['say "', "yes", '"\n', "", "no(", ")!"]
    assert digits(quotes(tokens)) == "110000"
    assert digits(brackets(tokens)) == "000010"
    assert digits(line_position(tokens)) == "580035"
    assert digits(line_length(tokens)) == "999955"
