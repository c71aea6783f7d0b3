"""What torch.nn.LSTM computes, every path computes, and weights go both ways."""

import pytest
import torch
from torch import Tensor, nn

from recollect.core.state import LSTMState
from recollect.kernels.dispatch import PATHS, using
from recollect.nn import LSTM

I, H, T, B = 3, 4, 6, 5  # noqa: E741
FORMS = {
    "plain": {},
    "two layers": {"num_layers": 2},
    "both directions": {"bidirectional": True},
    "projected": {"proj_size": 2},
    "everything": {"num_layers": 2, "bidirectional": True, "proj_size": 2},
}


def normal(*shape: int, seed: int = 7) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def begin(module: nn.LSTM) -> LSTMState:
    count = module.num_layers * (2 if module.bidirectional else 1)
    return LSTMState(normal(count, B, module.proj_size or H, seed=8), normal(count, B, H, seed=9))


def equal(left: object, right: object) -> None:
    torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-12)


TORCH_FORMS = {**FORMS, "batch first": {"batch_first": True}, "no bias": {"bias": False}}


@pytest.mark.parametrize("form", TORCH_FORMS.values(), ids=list(TORCH_FORMS))
@pytest.mark.parametrize("path", [path.name for path in PATHS])
def test_equals_torch_both_ways(form: dict[str, object], path: str):
    torch.manual_seed(3)
    theirs = nn.LSTM(I, H, dtype=torch.float64, **form)
    x = normal(T, B, I)
    ours = LSTM.from_torch(theirs)
    with using(path):
        output, last = ours(x)
        equal((output, *last), (lambda out, ends: (out, *ends))(*theirs(x)))
        back, ends = ours.to_torch()(x)
        equal((output, *last), (back, *ends))


@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_a_packed_sequence_gives_what_torch_gives(form: dict[str, object], sort: bool):
    theirs = nn.LSTM(I, H, dtype=torch.float64, **form)
    lengths = torch.tensor([6, 4, 3, 3, 1] if sort else [4, 1, 6, 3, 3])
    packed = nn.utils.rnn.pack_padded_sequence(normal(T, B, I), lengths, enforce_sorted=sort)
    state = begin(theirs)
    output, last = LSTM.from_torch(theirs)(packed, state)
    expected, ends = theirs(packed, state)
    equal((output.data, *last), (expected.data, *ends))
    assert torch.equal(output.batch_sizes, expected.batch_sizes)
    if not sort:
        assert torch.equal(output.sorted_indices, expected.sorted_indices)
        assert torch.equal(output.unsorted_indices, expected.unsorted_indices)
