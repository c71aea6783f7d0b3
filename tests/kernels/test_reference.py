import torch

from recollect.kernels.reference import unroll


def summing(inputs, state):
    x, nothing = inputs
    assert nothing is None
    total = state[0] + x
    return (total, 2 * x), (total,)


X = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])[..., None]
START = (torch.tensor([[100.0], [0.0]]),)


def listed(value):
    return value.squeeze(-1).T.tolist()


def test_a_running_sum():
    (totals, doubles), (last,) = unroll(summing, (X, None), START)
    assert listed(totals) == [[101, 103, 106], [10, 30, 60]]
    assert listed(doubles) == [[2, 4, 6], [20, 40, 60]]
    assert last.flatten().tolist() == [106, 60]


def test_a_running_sum_from_the_end():
    (totals, _), (last,) = unroll(summing, (X, None), START, reverse=True)
    assert listed(totals) == [[106, 105, 103], [60, 50, 30]]
    assert last.flatten().tolist() == [106, 60]


def test_rows_end_where_their_lengths_say():
    lengths = torch.tensor([0, 2])
    (totals, _), (last,) = unroll(summing, (X, None), START, lengths)
    assert listed(totals) == [[0, 0, 0], [10, 30, 0]]
    assert last.flatten().tolist() == [100, 30]
    (totals, _), (last,) = unroll(summing, (X, None), START, lengths, reverse=True)
    assert listed(totals) == [[0, 0, 0], [30, 20, 0]]
    assert last.flatten().tolist() == [100, 30]


def test_no_steps_emit_nothing():
    (totals, doubles), (last,) = unroll(summing, (X[:0], None), START)
    assert totals.shape == doubles.shape == (0, 2, 1)
    assert last is START[0]
