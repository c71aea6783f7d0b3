"""The way through the layers: every layer and direction in turn, whatever path computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.kernels.contract import Layer, Run

__all__ = ["backwards", "repacked", "through", "unpacked"]


def through(
    run: Run,
    layers: Sequence[Sequence[Layer]],
    entering: Callable[[Tensor, int], Tensor],
    x: Tensor,
    state: LSTMState,
    lengths: Tensor | None,
) -> tuple[Tensor, LSTMState]:
    """Read ``x`` [T, B, I] by ``layers``, one entry a layer with one entry a direction, each computed by ``run``.

    ``entering(x, k)`` is what layer k reads of x. Gives the output [T, B, D * O] and the state, [L * D, B, ...] each.
    """
    ends: list[LSTMState] = []
    for k, directions in enumerate(layers):
        x = entering(x, k)
        outputs: list[Tensor] = []
        for layer in directions:
            first = LSTMState(state.h[len(ends)], state.c[len(ends)])
            output, end = run(layer, x, first, lengths)
            outputs.append(output)
            ends.append(end)
        x = torch.cat(outputs, dim=2) if len(outputs) > 1 else outputs[0]
    if len(ends) == 1:
        return x, LSTMState(ends[0].h[None], ends[0].c[None])
    return x, LSTMState(torch.stack([end.h for end in ends]), torch.stack([end.c for end in ends]))


def backwards(gaps: Tensor) -> Tensor:
    """The gaps [T, B] as a reader from the end meets them: the step read before t is t + 1, and the first has none."""
    return torch.cat([gaps, gaps.new_zeros(1, gaps.shape[1])])[1:]


def unpacked(x: PackedSequence, lengths: Tensor | None, batch_first: bool) -> tuple[Tensor, Tensor]:
    """``x`` padded, and the lengths of its rows; InputError where ``lengths`` are given besides."""
    if lengths is not None:
        raise InputError("a PackedSequence carries its own lengths: leave out the argument")
    return pad_packed_sequence(x, batch_first)


def repacked(like: PackedSequence, padded: Tensor, lengths: Tensor, batch_first: bool) -> PackedSequence:
    """``padded`` in the order of rows and steps of ``like``; ``lengths`` are those of the rows, as they were given."""
    if like.sorted_indices is not None:
        padded = padded.index_select(0 if batch_first else 1, like.sorted_indices)
        lengths = lengths[like.sorted_indices.cpu()]
    data = pack_padded_sequence(padded, lengths, batch_first).data
    return PackedSequence(data, like.batch_sizes, like.sorted_indices, like.unsorted_indices)
