"""What an LSTM layer accepts besides x and state: gaps, in every layout, and what it says to those that do not fit."""

import math

import pytest
import torch

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.nn import LSTM

T, B, I, H = 4, 3, 2, 5  # noqa: E741
X, GAPS = torch.zeros(T, B, I), torch.ones(T, B)
LENGTHS = torch.tensor([2, 4, 0])


@pytest.fixture
def fading() -> LSTM:
    return LSTM(I, H, cell="decay")


@pytest.mark.parametrize(
    ("gaps", "error", "message"),
    [
        (None, InputError, r"the decay cell reads the time since the step before: give gaps \[4, 3\]"),
        (GAPS[:, :2], ShapeError, r"gaps have the shape \[4, 2\], and must have \[4, 3\], that of x without I"),
        (GAPS[..., None], ShapeError, r"gaps have the shape \[4, 3, 1\]"),
        (GAPS.T, ShapeError, r"gaps have the shape \[3, 4\]"),
        (GAPS.double(), ShapeError, "the tensor of gaps is torch.float64, and the weights are torch.float32"),
        (GAPS.long(), ShapeError, "the tensor of gaps is torch.int64"),
        (-GAPS, InputError, "gaps hold -1.0, and must be finite and not negative"),
        (GAPS * math.inf, InputError, "gaps hold inf"),
        (GAPS * math.nan, InputError, "gaps hold nan"),
    ],
)
def test_gaps_that_do_not_fit_are_refused(fading: LSTM, gaps, error, message: str):
    with pytest.raises(error, match=message):
        fading(X, gaps=gaps)
    with pytest.raises(error, match=message):
        fading.trace(X, gaps=gaps)


def test_gaps_that_nobody_reads_are_refused():
    with pytest.raises(InputError, match="this cell does not read them: leave them out, or make it cell='decay'"):
        LSTM(I, H)(X, gaps=GAPS)


def test_gaps_behind_the_end_are_not_looked_at(fading: LSTM):
    over = torch.arange(T)[:, None] >= LENGTHS
    x, gaps = torch.randn(T, B, I), torch.rand(T, B)
    expected, _ = fading(x, None, LENGTHS, gaps)
    assert torch.equal(fading(x, None, LENGTHS, gaps.masked_fill(over, -math.inf))[0], expected)
    with pytest.raises(InputError, match="gaps hold -inf"):
        fading(x, None, None, gaps.masked_fill(over, -math.inf))


def test_gaps_lie_as_x_does(fading: LSTM):
    x, gaps = torch.randn(T, B, I), torch.rand(T, B)
    expected, last = fading(x, gaps=gaps)
    one, end = fading(x[:, 1], gaps=gaps[:, 1])
    torch.testing.assert_close((one, end.c), (expected[:, 1], last.c[:, 1]))
    state = None
    for t in range(T):
        y, state = fading.step(x[t, 1], state, gaps[t, 1])
    torch.testing.assert_close((y, state.c), (one[-1], end.c))
    fading.batch_first = True
    turned, _ = fading(x.transpose(0, 1), gaps=gaps.T)
    torch.testing.assert_close(turned.transpose(0, 1), expected)
    with pytest.raises(ShapeError, match=r"gaps have the shape \[4, 3\], and must have \[3, 4\]"):
        fading(x.transpose(0, 1), gaps=gaps)
    y, _ = fading.step(x[0], None, gaps[0])
    torch.testing.assert_close(y, expected[0])


def test_lengths_may_lie_apart():
    layer, x, lengths = LSTM(I, H), torch.randn(T, B, I), torch.tensor([2, 3, 4, 3, 1])[::2]
    assert torch.equal(layer(x, None, lengths)[0], layer(x, None, lengths.clone())[0])


def test_a_packed_sequence_takes_padded_gaps(fading: LSTM):
    x, gaps, lengths = torch.randn(T, B, I), torch.rand(T, B), torch.tensor([2, 4, 1])
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    output, last = fading(packed, gaps=gaps)
    expected, end = fading(x, None, lengths, gaps)
    torch.testing.assert_close(torch.nn.utils.rnn.pad_packed_sequence(output)[0], expected)
    torch.testing.assert_close(tuple(last), tuple(end))


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_a_state_without_a_cell_value_has_the_width_0(cell: str):
    layer = LSTM(I, H, cell=cell)
    state = LSTMState(torch.zeros(1, B, H), torch.zeros(1, B, 0))
    _, last = layer(X, state)
    assert last.c.shape == (1, B, 0)
    with pytest.raises(ShapeError, match=r"the state's c has the shape \[1, 3, 5\], and must have \[1, 3, 0\]"):
        layer(X, LSTMState(torch.zeros(1, B, H), torch.zeros(1, B, H)))
