"""The embedded Reber grammar, with inner strings as long as one likes."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from recollect.tasks.laboratory.data import NOTHING, Batch, Ints, one_hot

__all__ = ["SYMBOLS", "embedded_reber", "legal"]

SYMBOLS = "BTPSXVE"
# Of each state the two ways out: a symbol and the state after it. The walk begins in 0, behind B, and E follows END.
WAYS = (("T", 1), ("P", 2)), (("S", 1), ("X", 3)), (("T", 2), ("V", 4)), (("X", 2), ("S", 5)), (("P", 3), ("V", 5))
END = 5
LOST = 22
_SYMBOL = np.array([[SYMBOLS.index(symbol) for symbol, _ in ways] for ways in WAYS])
_AFTER = np.array([[state for _, state in ways] for ways in WAYS])


def embedded_reber(random: np.random.Generator, rows: int, lag: int) -> Batch:
    """Predict each next symbol of B t (a Reber string) t E, where t is T or P: the second t is known from the first.

    The inner string has ``lag`` to 1.1 ``lag`` symbols, BTXSE and so on; it is a walk through the grammar with even
    odds at each turn, given that it ends at its length, drawn exactly. y [T, B] is the symbol that follows x[t]; the
    last one is not read.

    Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.1, with strings as long as the walk makes them;
    Cleeremans, Servan-Schreiber & McClelland 1989, "Finite state automata and simple recurrent networks".
    """
    inner = random.integers(lag, lag + lag // 10, rows, endpoint=True)
    symbols = np.full((inner.max() + 4, rows), NOTHING)
    said = _number("T") + random.integers(0, 2, rows)
    row = np.arange(rows)
    symbols[0], symbols[1], symbols[2] = 0, said, 0
    symbols[inner + 1, row] = symbols[inner + 3, row] = _number("E")
    symbols[inner + 2, row] = said
    turns, state = inner - 2, np.zeros(rows, np.int64)
    odds = _odds(int(turns.max()))
    for step in range(int(turns.max())):
        going = np.flatnonzero(turns > step)
        way = (random.random(len(going)) >= odds[turns[going] - step, state[going]]).astype(np.int64)
        symbols[step + 3, going] = _SYMBOL[state[going], way]
        state[going] = _AFTER[state[going], way]
    lengths = inner + 3
    return Batch(one_hot(symbols[:-1], len(SYMBOLS), lengths), symbols[1:], lengths)


def legal(symbols: Ints) -> npt.NDArray[np.bool_]:
    """Which symbols may follow each step of embedded strings ``symbols`` [T, B]: [T, B, 7].

    Behind the inner string only the symbol that came second may follow. Behind a step that breaks the grammar, and
    behind the end, nothing may.
    """
    after, state = _automaton(), np.zeros(symbols.shape[1], np.int64)
    allowed = np.zeros((*symbols.shape, len(SYMBOLS)), bool)
    for step, symbol in enumerate(symbols):
        state = np.where(symbol == NOTHING, LOST, after[state, symbol])
        allowed[step] = after[state] != LOST
    return allowed


@cache
def _automaton() -> Ints:
    """The state after each state and symbol, [23, 7]: 0 wants B, 1 wants t, then ten states for each t, and LOST.

    The ten want the inner B, the two ways of the grammar's states 0 to 4, its E, t again, the last E, and nothing.
    """
    after = np.full((LOST + 1, len(SYMBOLS)), LOST)
    after[0, _number("B")] = 1
    for t, base in (("T", 2), ("P", 12)):
        after[1, _number(t)] = base
        after[base, _number("B")] = base + 1
        for state, ways in enumerate(WAYS):
            for symbol, to in ways:
                after[base + 1 + state, _number(symbol)] = base + 1 + to
        for state, symbol in enumerate(("E", t, "E"), start=base + 1 + END):
            after[state, _number(symbol)] = state + 1
    return after


@cache
def _odds(turns: int) -> npt.NDArray[np.float64]:
    """The probability of the first way out of each state, given that the walk ends after exactly k turns: [turns, 5].

    With P[k, s] the probability that a walk from s ends after k turns, P[k, s] = (P[k-1, s'] + P[k-1, s'']) / 2 over
    its two ways, the first has P[k-1, s'] / (P[k-1, s'] + P[k-1, s'']).
    """
    ends = np.zeros(len(WAYS) + 1)
    ends[END] = 1
    odds = np.full((turns + 1, len(WAYS) + 1), 0.5)
    for left in range(1, turns + 1):
        first, second = ends[_AFTER].T
        ends = np.append((first + second) / (first + second).max(), 0)  # only the ratios matter, and they would vanish
        odds[left, :END] = np.where(ends[:END] > 0, first / np.maximum(first + second, 1e-300), 0.5)
    return odds


def _number(symbol: str) -> int:
    return SYMBOLS.index(symbol)
