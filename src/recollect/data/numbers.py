"""Numbers as people write them: missing markers, decimal commas, thousands set apart."""

from __future__ import annotations

import polars as pl

__all__ = ["MISSING", "to_numbers"]

MISSING = (
    "", "NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "NAN", "NULL", "null", "None", "none", "-", "--", "?", ".",
)  # fmt: skip
_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"
_DECIMAL_COMMA = r"^[+-]?(\d+|\d{1,3}([. '\x{a0}\x{202f}]\d{3})+)?(,\d*)?([eE][+-]?\d+)?$"
_DECIMAL_POINT = r"^[+-]?(\d+|\d{1,3}([, '\x{a0}\x{202f}]\d{3})+)?(\.\d*)?([eE][+-]?\d+)?$"


def to_numbers(text: pl.Series, comma: bool = False) -> tuple[pl.Series, pl.Series]:
    """``text`` [R] as Float64, null where missing or unreadable, and a mask [R] of the unreadable.

    A comma is the decimal sign if the values show it ("12,5"); where they do not ("1,234" and nothing else),
    ``comma`` decides. Thousands may be set apart by the other sign, a blank or an apostrophe.
    """
    values = text.cast(pl.Float64, strict=False)
    if values.null_count() == text.null_count():
        return values.fill_nan(None), pl.repeat(False, len(text), eager=True)
    given = text.str.strip_chars()
    given = given.set(given.is_in(MISSING), None)
    values = given.cast(pl.Float64, strict=False)
    bad = values.is_null() & given.is_not_null()
    if not bad.any() or not given.str.contains(r"\d[, '\x{a0}\x{202f}]").any():
        return values, bad
    decimal = _comma_is_decimal(given, comma)
    plain = given.str.replace_all(r"[ '\x{a0}\x{202f}]", "").str.replace_all("." if decimal else ",", "", literal=True)
    plain = plain.str.replace(",", ".", literal=True) if decimal else plain
    fits = given.str.contains(_DECIMAL_COMMA if decimal else _DECIMAL_POINT)
    values = plain.set(~fits, None).cast(pl.Float64, strict=False)
    return values, values.is_null() & given.is_not_null()


def _comma_is_decimal(given: pl.Series, otherwise: bool) -> bool:
    commas = given.filter(given.str.contains(",", literal=True))
    if commas.is_empty() or not commas.str.contains(_THOUSANDS).all():
        # a vote, so that a stray unreadable value does not turn "1,234.5" into a decimal comma
        return bool(commas.str.contains(_DECIMAL_COMMA).sum() > commas.str.contains(_DECIMAL_POINT).sum())
    return otherwise and not (given.str.contains(".", literal=True).any() or commas.str.contains(",.*,").any())
