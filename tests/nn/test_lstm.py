import copy
import math

import pytest
import torch

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.nn import LSTM


def test_recurrent_weights_are_born_orthogonal_and_the_forget_gate_open():
    layer = LSTM(3, 8, 2, bidirectional=True, forget_bias=1.5)
    for k in range(2):
        for direction in range(2):
            W, R, b, *_ = layer.weights(k, direction)
            for gate in R.split(8):
                torch.testing.assert_close(gate @ gate.T, torch.eye(8))
            assert b.tolist() == [0.0] * 8 + [1.5] * 8 + [0.0] * 16
            assert W.abs().max() <= math.sqrt(6 / (W.shape[1] + 8))
            assert W.std() > 0.1


def test_a_generator_decides_the_weights():
    one, two = LSTM(3, 4, proj_size=2), LSTM(3, 4, proj_size=2)
    for layer in (one, two):
        layer.reset_parameters(torch.Generator().manual_seed(5))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_names_are_short_and_say_layer_and_direction():
    names = set(LSTM(1, 2, 2, bidirectional=True, proj_size=1).state_dict())
    assert names == {f"{letter}{k}{end}" for letter in "WRbP" for k in "01" for end in ("", "_back")}
    assert [tuple(value.shape) for value in LSTM(3, 2).parameters()] == [(8, 3), (8, 2), (8,)]


def test_dropout_acts_between_layers_in_training_only():
    layer, x = LSTM(2, 16, 2, dropout=0.5), torch.ones(3, 4, 2)
    torch.manual_seed(0)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])
    with torch.no_grad():
        first, _ = LSTM.from_torch(layer.to_torch())(x)
    torch.testing.assert_close(first, layer(x)[0])


def test_a_layer_can_be_copied_and_shown():
    layer = LSTM(2, 3, activation="relu")
    x = torch.ones(2, 1, 2)
    assert torch.equal(copy.deepcopy(layer)(x)[0], layer(x)[0])
    assert "2, 3, 1, cell='lstm', activation='relu'" in repr(layer)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cell": "qrnn"}, "cell is 'qrnn', and may be 'lstm' or 'peephole' or"),
        ({"activation": "selu"}, "activation is 'selu', and may be 'tanh' or 'relu'"),
        ({"hidden_size": 0}, "hidden_size is 0"),
        ({"input_size": 0}, "input_size is 0"),
        ({"num_layers": 0}, "num_layers is 0"),
        ({"proj_size": 4}, "proj_size is 4, and must be 0 .* less than hidden_size, 4"),
        ({"dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_what_does_not_exist_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        LSTM(**{"input_size": 3, "hidden_size": 4, **arguments})


X = torch.zeros(6, 5, 3)
ZEROS = torch.zeros(1, 5, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X[..., :2],), r"x \[6, 5, 2\] has 2 features, and the layer was made for 3: \[T, B, I\]"),
        ((X[0, 0],), r"x has the shape \[3\], and must be \[T, B, I\]"),
        ((X.double(),), "x is torch.float64, and the weights are torch.float32"),
        ((X.to("meta"),), "x is on meta, and the weights are on cpu"),
        ((X, (ZEROS[:, :4], ZEROS)), r"state's h has the shape \[1, 4, 4\], and must have \[1, 5, 4\]"),
        ((X, (ZEROS, ZEROS[..., :3])), r"state's c has the shape \[1, 5, 3\]"),
        ((X, (ZEROS, ZEROS.double())), "state's c is torch.float64"),
        ((X, None, torch.ones(4, dtype=torch.int64)), r"lengths have the shape \[4\], and must be \[5\]"),
        ((X, None, torch.ones(5)), "lengths are torch.float32"),
        ((X, None, torch.tensor([0, 1, 7, 2, 3])), r"lengths reach from 0 to 7, and must lie in 0..6"),
        ((X, None, torch.tensor([0, 1, -1, 2, 3])), "lengths reach from -1 to 3"),
    ],
)
def test_what_does_not_fit_is_refused_with_both_sides(arguments, message):
    layer = LSTM(3, 4)
    with pytest.raises(ShapeError, match=message):
        layer(*arguments)
    with pytest.raises(ShapeError, match=message):
        layer.trace(*arguments)


def test_batch_first_is_named_in_the_error():
    with pytest.raises(ShapeError, match=r"made for 3: \[B, T, I\]"):
        LSTM(3, 4, batch_first=True)(X[..., :2])


def test_a_step_takes_one_row_or_a_batch_in_any_layout():
    layer = LSTM(3, 4, batch_first=True)
    batch, state = layer.step(X[0] + 1)
    assert batch.shape == (5, 4) and state.h.shape == (1, 5, 4)
    row, state = layer.step(X[0, 0] + 1)
    torch.testing.assert_close(row, batch[0])
    row, state = layer.step(X[0, 0] + 1, state)
    assert row.shape == (4,) and state.c.shape == (1, 4)
    with pytest.raises(InputError, match="bidirectional"):
        LSTM(3, 4, bidirectional=True).step(X[0])


def test_a_trace_of_one_row_has_no_batch():
    trace = LSTM(3, 4, 2).trace(X[:, 0], LSTMState(torch.zeros(2, 4), torch.zeros(2, 4)))
    assert trace.i.shape == (6, 2, 4)


def test_a_packed_sequence_brings_its_own_lengths():
    packed = torch.nn.utils.rnn.pack_padded_sequence(X, torch.tensor([6, 5, 4, 3, 2]))
    with pytest.raises(InputError, match="its own lengths"):
        LSTM(3, 4)(packed, None, torch.ones(5, dtype=torch.int64))
