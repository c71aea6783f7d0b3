"""Scores put into plain words and a table: how far to trust a forecast, said first and without varnish."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from recollect.evaluate.metrics import Scores, percent
from recollect.evaluate.statistics import Skill
from recollect.report.page import Table

__all__ = ["coverage_sentence", "number", "score_table", "skill_sentence", "spans", "steps_sentence", "trust_sentences"]

_NAMES = {
    "mase": "MASE",
    "smape": "sMAPE %",
    "mae": "MAE",
    "rmse": "RMSE",
    "wql": "WQL",
    "msis": "MSIS",
    "coverage": "held",
}
_CLEARLY_OFF = 0.03


def trust_sentences(ours: Scores, skill: Skill, levels: Sequence[float], origins: int) -> tuple[str, ...]:
    """The headlines: is it better than the seasonal naive, do the intervals hold, and which steps not to trust."""
    parts = [skill_sentence(skill, origins), coverage_sentence(ours, levels), steps_sentence(skill)]
    return tuple(sentence for sentence in parts if sentence)


def skill_sentence(skill: Skill, origins: int) -> str:
    """What the model's error is beside the seasonal naive's, and whether that could be luck."""
    where = f"On {origins} past origin{'s' if origins != 1 else ''}"
    if math.isnan(skill.ratio):
        return f"{where} the seasonal naive made no error at all: nothing can be better than it here."
    share = f"{where} the model's error was {skill.ratio:.2f} of the seasonal naive's"
    likely = f"{skill.low:.2f} to {skill.high:.2f}"
    return {
        "better": f"{share}: better, by more than chance explains (95 % range {likely}).",
        "worse": f"{share}: worse. Use the seasonal naive instead (95 % range {likely}).",
        "no better": f"{share}: no better, as far as these data can tell (95 % range {likely}).",
        "too few to tell": f"{share}, and that is too little to tell skill from luck.",
    }[skill.verdict]


def coverage_sentence(ours: Scores, levels: Sequence[float]) -> str:
    """How often the intervals held the truth, and what to do where that is not what they promise."""
    held = [(level, ours.overall.get(f"coverage_{percent(level)}")) for level in levels]
    known = [(level, share) for level, share in held if share is not None]
    if not known:
        return ""
    (level, share), *others = known
    held_of = f"The {percent(level)} % intervals held {100 * share:.1f} % of {ours.points:,} values that are now known"
    list_ = "".join(f", the {percent(level)} % intervals {100 * share:.1f} %" for level, share in others)
    short = [percent(level) for level, share in known if share < level - _CLEARLY_OFF]
    long = [percent(level) for level, share in known if share > level + _CLEARLY_OFF]
    verdict = ""
    if short:
        verdict += f" Those of {' and '.join(short)} % are too narrow: the truth strays further than they say."
    if long:
        verdict += f" Those of {' and '.join(long)} % are wider than they need be."
    return f"{held_of}{list_}.{verdict}"


def steps_sentence(skill: Skill) -> str:
    """The steps ahead at which the model's error was no smaller than the seasonal naive's; empty for all or none.

    Chance is left out of it: a single step rests on too few values for that.
    """
    weak = [k for k, ratio in enumerate(skill.horizon_ratio, start=1) if ratio >= 1]
    if not weak or len(weak) == len(skill.horizon_ratio):
        return ""
    return f"No better than the seasonal naive at step{'s' if len(weak) > 1 else ''} {spans(weak)} ahead."


def score_table(methods: Mapping[str, Scores], caption: str = "") -> Table:
    """A row for each method and a column for each score that any of them has; the best of each column stands out.

    Best of several is the lowest; for coverage the nearest to the level. A score that cannot be computed is a dash,
    and the caption gives the reason.
    """
    first = next(iter(methods.values()))
    names = [name for name in first.overall if name.split("_")[0] in _NAMES]
    names = [name for name in names if any(scores.overall.get(name) is not None for scores in methods.values())]
    rows = tuple(
        (method, *(_cell(name, scores.overall.get(name)) for name in names)) for method, scores in methods.items()
    )
    best = set()
    for column, name in enumerate(names if len(methods) > 1 else [], start=1):
        distances = [_distance(name, scores.overall.get(name)) for scores in methods.values()]
        best |= {(row, column) for row, far in enumerate(distances) if far == min(distances)}
    reasons = {f"{name}: {why}" for scores in methods.values() for name, why in scores.reasons.items() if name in names}
    words = " ".join([caption, *(f"Not computed: {reason}." for reason in sorted(reasons))]).strip()
    return Table(("", *map(_heading, names)), rows, words, frozenset(best))


def number(value: float) -> str:
    """Four digits that matter: 0.7134, 12.35, 12,345."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def spans(values: Iterable[int]) -> str:
    """``3, 20-24``: runs of whole numbers, ascending."""
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ", ".join(str(a) if a == b else f"{a}\N{EN DASH}{b}" for a, b in runs)


def _heading(name: str) -> str:
    kind, _, level = name.partition("_")
    return f"{level} % held" if kind == "coverage" else f"{_NAMES[kind]} {level}".strip()


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "\N{EN DASH}"
    return f"{100 * value:.1f} %" if name.startswith("coverage") else number(value)


def _distance(name: str, value: float | None) -> float:
    if value is None:
        return math.inf
    return abs(value - float(name.split("_")[1]) / 100) if name.startswith("coverage") else value
