"""What torch.nn.LSTM, GRU and RNN compute, every path computes that can, and weights go both ways."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.kernels.contract import Case
from recollect.kernels.dispatch import PATHS, using
from recollect.nn import LSTM, Recurrent

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
TWINS = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
    "rnn with relu": partial(nn.RNN, nonlinearity="relu"),
}
CASES = [
    (path.name, kind, form)
    for path in PATHS
    for kind in TWINS
    for form in TORCH_FORMS
    if (kind == "lstm" or "proj_size" not in TORCH_FORMS[form])
    and not path.refuses(Case(kind[:4].strip(), "relu" if "relu" in kind else "tanh", torch.float64))
]


@pytest.mark.parametrize(("path", "kind", "form"), CASES)
def test_equals_torch_both_ways(path: str, kind: str, form: str):
    torch.manual_seed(3)
    theirs = TWINS[kind](I, H, dtype=torch.float64, **TORCH_FORMS[form])
    x = normal(T, B, I)
    ours = LSTM.from_torch(theirs)
    with using(path):
        output, last = ours(x)
        for twin in (theirs, ours.to_torch()):
            expected, ends = twin(x)
            equal(output, expected)
            equal(last.h, ends[0] if kind == "lstm" else ends)
            if kind == "lstm":
                equal(last.c, ends[1])
    assert type(ours.to_torch()) is type(theirs)
    assert last.c.shape[2] == (H if kind == "lstm" else 0)


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_a_ragged_batch_is_what_torch_packs(kind: str):
    theirs = TWINS[kind](I, H, 2, bidirectional=True, dtype=torch.float64)
    lengths = torch.tensor([4, 1, 6, 3, 3])
    packed = nn.utils.rnn.pack_padded_sequence(normal(T, B, I), lengths, enforce_sorted=False)
    expected, ends = theirs(packed)
    output, last = LSTM.from_torch(theirs)(packed)
    equal((output.data, last.h), (expected.data, ends))


def test_only_what_torch_has_can_be_converted():
    with pytest.raises(InputError, match="RNNBase is none of"):
        LSTM.from_torch(nn.RNNBase("GRU", I, H))
    for layer, message in (
        (LSTM(I, H, activation="relu"), "PyTorch has no lstm cell with relu"),
        (LSTM(I, H, cell="gru", activation="relu"), "PyTorch has no gru cell with relu"),
        (LSTM(I, H, cell="peephole"), "PyTorch has no peephole cell with tanh"),
        (LSTM(I, H, regularize=Recurrent(dropconnect=0.5)), r"PyTorch has no Recurrent\(dropconnect=0.5"),
        (LSTM(I, H, cell="rnn", regularize=Recurrent(zoneout_output=0.5)), r"PyTorch has no Recurrent\("),
    ):
        with pytest.raises(InputError, match=message):
            layer.to_torch()


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
