"""The baseline of text: n-grams with modified Kneser-Ney smoothing. ``V`` different tokens, ``T`` of them in a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recollect.core.errors import InputError, ShapeError

__all__ = ["ORDERS", "NGrams", "choose_order", "discounts"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ORDERS = (2, 3, 4, 5, 6, 7, 8)
_FALLBACK = (0.5, 1.0, 1.5)
_UNSEEN = -1


@dataclass(frozen=True)
class _Level:
    """All k-grams of the training text, numbered in the order of ``keys``, and what follows each (k-1)-gram.

    The key of a k-gram is (number of its last k-1 tokens) * (V + 1) + (its first token).
    """

    keys: Integers
    left: Floats  # of each k-gram: its count less the discount
    total: Floats  # of each (k-1)-gram, as a context: how much was counted after it
    back: Floats  # of each (k-1)-gram: the share that the discounts took, which the shorter context hands out


class NGrams:
    """An interpolated n-gram model with modified Kneser-Ney smoothing.

        p_k(w | h) = max(c(h w) - D(c(h w)), 0) / c(h .) + back(h) p_(k-1)(w | h')        p_0(w) = 1 / V

    h' is h without its first token. c counts in the text for the longest grams, and for shorter ones by how many
    different tokens they are preceded; D has a value each for counts of 1, 2 and more (see `discounts`), and back(h)
    makes the sum over w 1. A context never seen hands everything to the shorter one. The text begins after a token of
    its own, V. Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", TR-10-98,
    section 3.

    Everything is counted by sorting: seconds for a million tokens, and at most some 30 bytes for each token and order.
    ``order`` is the longest gram: 5 sees 4 tokens back. Raises ShapeError unless tokens are integers [T], InputError
    for an order below 1, no token, or one outside 0 .. V - 1.
    """

    def __init__(self, tokens: npt.ArrayLike, vocabulary: int, order: int = 5) -> None:
        if order < 1:
            raise InputError(f"the order must be at least 1, not {order}")
        self.vocabulary, self.order = vocabulary, order
        text = self._behind([], _checked(tokens, vocabulary))
        if len(text) == order:
            raise InputError("there is no token to count")
        self._levels = self._counted(text)

    def log_probabilities(self, tokens: npt.ArrayLike, before: npt.ArrayLike = ()) -> Floats:
        """log p of each token [T] after those before it, in nats; ``before`` are tokens that stand before the first.

        Without ``before`` the first token begins a text. Raises as the constructor does.
        """
        text = self._behind(before, _checked(tokens, self.vocabulary))
        back = [text[self.order - j : len(text) - j] for j in range(self.order + 1)]
        return np.log(self._chances(back))

    def probabilities(self, before: npt.ArrayLike = ()) -> Floats:
        """p of every token [V] after the tokens ``before``."""
        each = np.arange(self.vocabulary)
        text = self._behind(before, each[:1])
        return self._chances([each, *(np.full_like(each, text[self.order - j]) for j in range(1, self.order + 1))])

    def _behind(self, before: npt.ArrayLike, tokens: Integers) -> Integers:
        return _padded(tokens, _checked(before, self.vocabulary)[-self.order :], self.vocabulary, self.order)

    def _chances(self, back: Sequence[Integers]) -> Floats:
        """p of each token ``back[0]`` [M], where ``back[j]`` [M] stands j tokens before it."""
        gram = context = np.zeros(len(back[0]), np.int64)
        chance = np.full(len(gram), 1 / self.vocabulary)
        for k, level in enumerate(self._levels):
            gram = self._numbered(level, gram, back[k])
            known = context != _UNSEEN
            known[known] = level.total[context[known]] > 0
            here, direct = context[known], np.where(gram == _UNSEEN, 0.0, level.left[gram])[known]
            chance[known] = direct / level.total[here] + level.back[here] * chance[known]
            context = self._numbered(level, context, back[k + 1])
        return chance

    def _counted(self, text: Integers) -> list[_Level]:
        """The levels of a text that begins with ``order`` times V; position 0 stands for the last of these."""
        grams = [np.zeros(len(text) - self.order + 1, np.int64)]
        keys, firsts = [], []
        for k in range(1, self.order + 1):
            key = grams[-1] * (self.vocabulary + 1) + text[self.order - k : len(text) - k + 1]
            found, first, number = np.unique(key, return_index=True, return_inverse=True)
            grams.append(number.astype(np.int64).reshape(-1))
            keys.append(found)
            firsts.append(first)
        counts = np.bincount(grams[-1])
        levels: list[_Level] = []
        for k in range(self.order, 0, -1):
            counts[grams[k][0]] = 0  # nothing comes before the text
            levels.insert(0, _level(keys[k - 1], counts, grams[k - 1][firsts[k - 1] - 1], int(grams[k - 1].max()) + 1))
            seen = keys[k - 1][np.arange(len(counts)) != grams[k][0]] // (self.vocabulary + 1)
            counts = np.bincount(seen, minlength=int(grams[k - 1].max()) + 1)
        return levels

    def _numbered(self, level: _Level, shorter: Integers, first: Integers) -> Integers:
        key = np.where(shorter == _UNSEEN, _UNSEEN, shorter * (self.vocabulary + 1) + first)
        place = np.minimum(np.searchsorted(level.keys, key), len(level.keys) - 1)
        return np.where(level.keys[place] == key, place, _UNSEEN)


def choose_order(tokens: npt.ArrayLike, vocabulary: int, orders: Sequence[int] = ORDERS, held_out: float = 0.1) -> int:
    """The order that predicts the end of the training text best from its beginning: no other text is looked at."""
    text = _checked(tokens, vocabulary)
    cut = int(len(text) * (1 - held_out))
    if not 0 < cut < len(text):
        raise InputError(f"{len(text)} tokens leave none to choose an order by: give more text, or an order")
    gained = [NGrams(text[:cut], vocabulary, order).log_probabilities(text[cut:], text[:cut]).sum() for order in orders]
    return orders[int(np.argmax(gained))]


def discounts(counts: npt.ArrayLike) -> Floats:
    """What to take off counts of 0, 1, 2 and more: [4].

        Y = n1 / (n1 + 2 n2)    D1 = 1 - 2 Y n2 / n1    D2 = 2 - 3 Y n3 / n2    D3 = 3 - 4 Y n4 / n3

    n1 to n4 are how many of the counts are 1 to 4 (Chen & Goodman 1998, equation 26). Where one of them is 0, or a
    discount does not lie between 0 and its count, 0.5, 1 and 1.5 are taken, as for the few, frequent single characters.
    """
    n1, n2, n3, n4 = (int((np.asarray(counts) == n).sum()) for n in (1, 2, 3, 4))
    if min(n1, n2, n3, n4) == 0:
        return np.array([0.0, *_FALLBACK])
    y = n1 / (n1 + 2 * n2)
    found = np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    fits = (found[1:] > 0) & (found[1:] < [1, 2, 3])
    return found if fits.all() else np.array([0.0, *_FALLBACK])


def _level(keys: Integers, counts: Integers, context: Integers, contexts: int) -> _Level:
    discount = discounts(counts)[np.minimum(counts, 3)]
    total = np.bincount(context, weights=counts, minlength=contexts).astype(np.float64)
    taken = np.bincount(context, weights=discount, minlength=contexts).astype(np.float64)
    return _Level(keys, counts - discount, total, np.divide(taken, total, out=np.ones_like(total), where=total > 0))


def _padded(tokens: Integers, before: Integers, vocabulary: int, order: int) -> Integers:
    """The tokens behind exactly ``order`` others: the last ones before them, and V where there are fewer."""
    head = np.full(order, vocabulary, np.int64)
    head[order - len(before) :] = before
    return np.concatenate([head, tokens])


def _checked(tokens: npt.ArrayLike, vocabulary: int) -> Integers:
    array = np.asarray(tokens)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise ShapeError(f"tokens must be integers [T], not {array.dtype} {array.shape}")
    if array.size and (array.min() < 0 or array.max() >= vocabulary):
        raise InputError(f"tokens must lie between 0 and {vocabulary - 1}, not {array.min()} and {array.max()}")
    return array.astype(np.int64)
