import math

import torch

from recollect.core.state import LSTMState
from recollect.kernels.contract import Seen, Weights
from recollect.nn.variants.lstm import lstm


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_one_unit_by_hand():
    # One unit, h = 0.5, c = -2; the four gates see W x + b = 0.1, 0.2, 0.3, 0.4 and R = 1, 2, 3, 4.
    weights = Weights(torch.zeros(4, 1), torch.tensor([[1.0], [2.0], [3.0], [4.0]]), torch.zeros(4))
    state = LSTMState(torch.tensor([[0.5]]), torch.tensor([[-2.0]]))
    seen = Seen(torch.tensor([[0.1, 0.2, 0.3, 0.4]]), state.h @ weights.R.T)
    gates, (h_after, c_after) = lstm(seen, state, weights, torch.tanh)
    i, f, g, o = sigmoid(0.6), sigmoid(1.2), math.tanh(1.8), sigmoid(2.4)
    c = f * -2 + i * g
    expected = [i, f, g, o, c, o * math.tanh(c)]
    torch.testing.assert_close(torch.cat([*gates, c_after, h_after]).flatten(), torch.tensor(expected))


def test_a_shut_input_gate_and_an_open_forget_gate_keep_the_cell():
    weights = Weights(torch.zeros(4, 1), torch.zeros(4, 1), torch.zeros(4))
    state = LSTMState(torch.tensor([[0.5]]), torch.tensor([[0.75]]))
    seen = Seen(torch.tensor([[-1e4, 1e4, 3.0, 0.0]]), torch.zeros(1, 4))
    assert lstm(seen, state, weights, torch.tanh)[1].c.item() == 0.75
