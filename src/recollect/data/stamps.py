"""Times as text: which format a column is written in, reading it, and writing times back in the same style."""

from __future__ import annotations

import re

import polars as pl

__all__ = ["ANY_OFFSET", "guess_formats", "parse_stamps", "write_stamps"]

_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y",
    "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%Y%m%d", "%Y年%m月%d日",
    "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y", "%B %d %Y",
)  # fmt: skip
_TIMES = (
    "%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%H", "%H%M", "%H%M%S", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%H.%M",
)  # fmt: skip
_PERIODS = (
    "%Y-%m", "%Y/%m", "%Y.%m", "%YM%m", "%Y-M%m", "%m/%Y", "%m-%Y", "%m.%Y", "%b %Y", "%b-%Y", "%b-%y", "%B %Y",
    "%Y %b", "%Y-%b", "%Y %B", "%Y%m", "%Y年%m月", "%YQ%q", "%Y-Q%q", "%Y Q%q", "Q%q %Y", "Q%q-%Y",
    "%YW%W", "%Y-W%W", "%Y",
)  # fmt: skip
_COMPACT = ("%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S")
ANY_OFFSET = "{offset}"  # an offset from UTC that is passed over
_OFFSET = r"( ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))$"
_EPOCHS = {"epoch s": 1_000_000, "epoch ms": 1_000}
_SAMPLE = 1000


def guess_formats(text: pl.Series) -> list[str]:
    """The formats in which every value of ``text`` [R] is a time; empty if there is none.

    The first writes the values back as they were given. More than one means that the values do not tell apart what
    they mean (01/02/2020, all days below 13). The formats are those of strftime; ``%q`` is a quarter, ``%W`` an ISO
    week, ``%-d`` says that leading zeros are left out, and a constant offset from UTC stands there as written.
    """
    text = text.drop_nulls()
    if text.is_empty():
        return []
    sample = text.gather_every(max(1, len(text) // _SAMPLE)).unique(maintain_order=True)
    forms = [form for form in _candidates(sample) if _reads_all(sample.head(1), form)]
    read = {form: parse_stamps(sample, form) for form in forms if _reads_all(sample, form)}
    order = sorted(read, key=lambda form: -int((write_stamps(read[form], form) == sample).sum()))
    found = list[str]()
    for form in order:
        if not any(read[form].equals(read[other]) for other in found) and _reads_all(text, form):
            found.append(form)
    return found


def parse_stamps(text: pl.Series, form: str) -> pl.Series:
    """Times [R] of ``text`` as Datetime in microseconds (in UTC if the format holds ``%z``), null where unreadable."""
    if form in _EPOCHS:
        moments: pl.Series = (text.cast(pl.Int64, strict=False) * _EPOCHS[form]).cast(pl.Datetime("us"))
        return moments
    text = text.cast(pl.String).str.strip_chars()
    if form.endswith(ANY_OFFSET):
        text, form = text.str.replace(_OFFSET, ""), form.removesuffix(ANY_OFFSET)
    if "%-" in form:
        text, form = text.str.replace_all(r"(?-u:\b)(\d)(?-u:\b)", "0$1"), form.replace("%-", "%")
    if "%q" in form:
        quarter = text.str.extract(r"Q([1-4])").cast(pl.Int32)
        text = text.str.replace("Q[1-4]", "") + (quarter * 3 - 2).cast(pl.String).str.zfill(2)
        form = form.replace("Q%q", "") + "%m"
    if "%W" in form:
        text, form = text + "|1", form.replace("%Y", "%G").replace("%W", "%V") + "|%u"
    elif not re.search("%d", form):
        months = "%m" in form or "%b" in form.lower()
        text, form = text + ("|01" if months else "|01|01"), form + ("|%d" if months else "|%m|%d")
    if "%H" in form and "%M" not in form:
        text, form = text + "|00", form + "|%M"
    moments = text.str.to_datetime(form, time_unit="us", strict=False, exact=True)
    return moments


def write_stamps(moments: pl.Series, form: str) -> pl.Series:
    """The text of ``moments`` [R] in the format, so that ``parse_stamps`` gives them back."""
    if form in _EPOCHS:
        text: pl.Series = (moments.cast(pl.Datetime("us")).to_physical() // _EPOCHS[form]).cast(pl.String)
        return text
    if "%q" in form:
        before, after = form.split("%q")
        frame = pl.select(
            pl.lit(moments).dt.strftime(before) if before else pl.lit(""),
            pl.lit(moments).dt.quarter().cast(pl.String).alias("quarter"),
            (pl.lit(moments).dt.strftime(after) if after else pl.lit("")).alias("after"),
        )
        return frame.select(pl.concat_str(pl.all())).to_series().rename(moments.name)
    form = form.replace("%#z", "+00:00").removesuffix(ANY_OFFSET)
    return moments.dt.strftime(form.replace("%Y", "%G").replace("%W", "%V") if "%W" in form else form)


def _candidates(sample: pl.Series) -> list[str]:
    """The formats whose signs between the numbers are those of the first value."""
    first, suffix = str(sample[0]).strip(), ""
    if re.fullmatch(r"\d{9,14}", first):
        return [*_COMPACT, *_EPOCHS]
    offset = re.search(_OFFSET, first) if ":" in first else None
    if offset:
        first = first.removesuffix(offset[1])
        constant = sample.str.strip_chars().str.ends_with(offset[1]).all()
        suffix = offset[1] if constant else " " * offset[1].startswith(" ") + "%#z"
    dates, times = list(_DATES), list(_TIMES)
    if sample.str.contains(r"(?-u:\b)\d(?-u:\b)").any():
        # padding is told apart, so that times are written back as sparsely as they were given
        dates, times = [*dates, *map(_sparse, dates)], [*times, *map(_sparse, times)]
    forms = [*dates, *_PERIODS, *map(_sparse, _PERIODS[:8])]
    forms += [f"{date}{gap}{time}" for gap in (" ", "T") for date in dates for time in times]
    signs = re.sub("[A-Za-z0-9]", "", first)
    return [form + suffix for form in forms if re.sub(r"%-?[A-Za-z]|[A-Z]", "", form.replace("%.f", ".")) == signs]


def _sparse(form: str) -> str:
    return re.sub("%([dmHI])", r"%-\1", form)


def _reads_all(text: pl.Series, form: str) -> bool:
    if form in _EPOCHS:
        return bool(text.str.contains(r"^\d{9,10}$" if form == "epoch s" else r"^\d{12,13}$").all())
    try:
        moments = parse_stamps(text, form)
    except pl.exceptions.PolarsError:
        return False
    if moments.null_count():
        return False
    low, high = moments.dt.year().min(), moments.dt.year().max()
    return isinstance(low, int) and isinstance(high, int) and low >= 1000 and high < 3000
