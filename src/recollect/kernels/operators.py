"""The kernels as operators of torch, which torch.compile and torch.export set down in a graph and call when it runs.

    recollect::forward    the forward pass of one layer and direction, with a gradient
    recollect::keep       the same, and what its backward pass needs
    recollect::retrace    the backward pass
    recollect::ends       lengths, checked when the graph runs
    recollect::since      gaps, likewise

When the results of one change shape, all that lead to it need another name: torch keeps compiled graphs by names.

Outside a graph the kernels take addresses (recollect.kernels.compiled): an operator costs some ten microseconds a call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.utils import _pytree

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.kernels.contract import Weights
from recollect.kernels.tasks import (
    Grads,
    Inputs,
    Kept,
    Manner,
    Results,
    describe,
    entrance,
    read,
    results,
    retrace,
    slopes,
)

__all__ = ["ends", "since", "traced"]

INPUTS = "Tensor x, Tensor h, Tensor c, Tensor W, Tensor R, Tensor b, Tensor? P, Tensor? E"
MANNER = (
    "str cell, str activation, bool reverse, Tensor? lengths, Tensor? gaps, Tensor? h_mask, Tensor? seed, "
    "float zone_cell, float zone_output"
)
WIDTH, MANNERS = len(Inputs._fields), len(Manner._fields)

Given = Any
"""An argument of an operator; all of them stand in the order of its schema."""


def traced(value: Tensor) -> bool:
    """Whether what is computed from ``value`` becomes a graph or is a shape alone, so that addresses mean nothing."""
    return (
        torch.compiler.is_compiling()
        or type(value) not in (Tensor, Parameter)
        or torch._C._len_torch_dispatch_stack() > 0
    )


def ends(lengths: Tensor, steps: int) -> Tensor:
    """``lengths``, all of them in 0..steps; in a graph that is looked after when it runs.

    Raises ShapeError for others.
    """
    if traced(lengths):
        return torch.ops.recollect.ends(lengths, steps)  # type: ignore[no-any-return]
    _check_ends(lengths, steps)
    return lengths


def since(gaps: Tensor) -> Tensor:
    """``gaps``, all of them finite and not negative; in a graph that is looked after when it runs.

    Raises InputError for others.
    """
    if traced(gaps):
        return torch.ops.recollect.since(gaps)  # type: ignore[no-any-return]
    _check_gaps(gaps)
    return gaps


class Reading(torch.autograd.Function):
    """``recollect::forward`` with a gradient; recollect.kernels.compiled.Recurrence is its like outside a graph."""

    @staticmethod
    def forward(ctx: Any, *given: Given) -> Results:  # noqa: ANN401
        """Read the sequence and keep what the way back needs."""
        output, h, c, kept = torch.ops.recollect.keep(*given)
        ctx.manner = given[WIDTH:]
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*given[:WIDTH], output, *kept)
        return output, h, c

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Grads:  # noqa: ANN401
        """Gradients of the inputs; InputError where they shall have gradients themselves."""
        if torch.is_grad_enabled():
            raise InputError("no second derivative goes through a compiled or exported LSTM: call the layer itself")
        saved = ctx.saved_tensors
        inputs, (output, *kept) = saved[:WIDTH], saved[WIDTH:]
        wanted = [ctx.needs_input_grad[0], *(value is not None for value in inputs[1:])]
        found = iter(torch.ops.recollect.retrace(*inputs, *ctx.manner, output, kept, *grads, wanted[0]))
        return *(next(found) if want else None for want in wanted), *[None] * MANNERS


def _read_with_gradient(*given: Given) -> Results:
    if torch.is_grad_enabled() and any(value is not None and value.requires_grad for value in given[:WIDTH]):
        return Reading.apply(*given)  # type: ignore[no-any-return, no-untyped-call]
    with torch._C._AutoDispatchBelowAutograd():
        return torch.ops.recollect.forward(*given)  # type: ignore[no-any-return]


def _split(given: tuple[Given, ...]) -> tuple[Manner, Inputs]:
    x, h, c, *weights = given[:WIDTH]
    manner = Manner(*given[WIDTH : WIDTH + MANNERS])
    lengths, h_mask = (None if value is None else value.contiguous() for value in (manner.lengths, manner.h_mask))
    return manner._replace(lengths=lengths, h_mask=h_mask), entrance(x, h, c, Weights(*weights))


def _checked(given: tuple[Given, ...]) -> tuple[Manner, Inputs]:
    manner, inputs = _split(given)
    if manner.lengths is not None:  # the core trusts them, and a graph may have got them from anywhere
        _check_ends(manner.lengths, inputs.x.shape[0])
    return manner, inputs


def _present(values: Iterable[Tensor | None]) -> list[Tensor]:
    return [value for value in values if value is not None]


def _read(*given: Given) -> Results:
    manner, inputs = _checked(given)
    return read(describe(manner, inputs), inputs, None)


def _read_shapes(*given: Given) -> Results:
    return results(_split(given)[1])


def _keep(*given: Given) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    manner, inputs = _checked(given)
    kept = Kept.room(manner.cell, inputs)
    return *read(describe(manner, inputs), inputs, kept), _present(kept)


def _keep_shapes(*given: Given) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    manner, inputs = _split(given)
    return *results(inputs), _present(Kept.room(manner.cell, inputs))


def _retrace(*given: Given) -> list[Tensor]:
    manner, inputs = _checked(given)
    output, (saved, *others), *grads, wants_x = given[WIDTH + MANNERS :]
    rest = iter(others)
    inner = None if inputs.P is None else next(rest)
    kept = Kept(saved, inner, next(rest, None))
    return _present(retrace(describe(manner, inputs), inputs, output, kept, tuple(grads), wants_x))


def _retrace_shapes(*given: Given) -> list[Tensor]:
    return _present(slopes(_split(given)[1], given[-1]))


def _check_ends(lengths: Tensor, steps: int) -> None:
    if lengths.numel() and not (int(lengths.min()) >= 0 and int(lengths.max()) <= steps):
        raise ShapeError(f"lengths reach from {int(lengths.min())} to {int(lengths.max())}, and must lie in 0..{steps}")


def _check_gaps(gaps: Tensor) -> None:
    if not bool((gaps >= 0).all() & gaps.isfinite().all()):
        wrong = gaps[(gaps < 0) | ~gaps.isfinite()]
        raise InputError(
            f"gaps hold {wrong[0].item()}, and must be finite and not negative: times since the step before"
        )


def _ends(lengths: Tensor, steps: int) -> Tensor:
    _check_ends(lengths, steps)
    return lengths.to(torch.int64, copy=True)


def _ends_shapes(lengths: Tensor, steps: int) -> Tensor:
    return torch.empty_like(lengths, dtype=torch.int64)


def _since(gaps: Tensor) -> Tensor:
    _check_gaps(gaps)
    return gaps.clone()


def _registered() -> object:
    library: Any = torch.library.Library("recollect", "DEF")  # type: ignore[no-untyped-call]
    given, read_back = f"{INPUTS}, {MANNER}", "Tensor output, Tensor[] kept, Tensor? dy, Tensor? dh, Tensor? dc"
    for schema, key, work, shapes in (
        (f"forward({given}) -> (Tensor, Tensor, Tensor)", "CPU", _read, _read_shapes),
        (f"keep({given}) -> (Tensor, Tensor, Tensor, Tensor[])", "CPU", _keep, _keep_shapes),
        (f"retrace({given}, {read_back}, bool wants_x) -> Tensor[]", "CPU", _retrace, _retrace_shapes),
        ("ends(Tensor lengths, SymInt steps) -> Tensor", "CompositeExplicitAutograd", _ends, _ends_shapes),
        ("since(Tensor gaps) -> Tensor", "CompositeExplicitAutograd", _since, torch.empty_like),
    ):
        name = library.define(schema, tags=(torch.Tag.pt2_compliant_tag,))
        library.impl(name, work, key)
        torch.library.register_fake(f"recollect::{name}", shapes, lib=library)
    library.impl("forward", _read_with_gradient, "Autograd")
    _pytree._register_namedtuple(LSTMState, serialized_type_name="recollect.core.state.LSTMState")  # for export.save
    return library


_LIBRARY = _registered()  # torch forgets the operators when it goes
