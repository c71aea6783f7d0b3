import numpy as np

from recollect.tasks.demo import plots
from recollect.tasks.demo.data import make
from recollect.train.record import Record

SERIES = make("sine", 0)
PATHS = np.cumsum(np.random.default_rng(0).normal(size=(20, 30)), axis=1)


def line(axes, label):
    (found,) = [one for one in axes.lines if one.get_label() == label]
    return found.get_xdata(), found.get_ydata()


def test_the_continuation_begins_one_step_after_the_last_point():
    upper, lower = plots.continuation(SERIES, PATHS).axes
    time, values = line(upper, "LSTM, on its own")
    assert (time[0], time[-1]) == (1000, 1029)
    assert np.array_equal(values, PATHS[0])
    past, observed = line(upper, "observed")
    assert past[-1] == 999 and observed[-1] == SERIES.values[-1]
    assert np.array_equal(line(upper, "what really follows (never seen)")[1], SERIES.future[:30])
    assert not line(lower, "LSTM, on its own")[1].any()


def test_a_prediction_stands_at_its_own_point():
    upper, lower = plots.held_out(SERIES, SERIES.values[900:] + 0.5, SERIES.values[877:977]).axes
    time, values = line(upper, "LSTM, one step ahead")
    assert time[0] == 900 and values[0] == SERIES.values[900] + 0.5
    np.testing.assert_allclose(line(lower, "LSTM")[1], 0.5)


def test_the_overview_shows_every_point_once():
    (axes,) = plots.overview(SERIES).axes
    shown = np.concatenate([one.get_xdata() for one in axes.lines[:3]])
    assert np.array_equal(shown, np.arange(1000))


def test_learning_marks_the_epoch_that_was_kept():
    record = Record(epochs=2, losses=[0.5, 0.4], validations=[(0, 2.0), (1, 0.3), (2, 0.6)], best_epoch=1)
    (axes,) = plots.learning(record).axes
    assert list(line(axes, "weights kept")[0]) == [1, 1]
    assert list(line(axes, "training, mean of the epoch")[0]) == [1, 2]


def test_gates_are_ordered_by_what_they_keep():
    trace = {name: np.random.default_rng(1).random((50, 4)) for name in "ifgoch"}
    trace["f"] = np.tile([0.9, 0.1, 0.5, 0.7], (50, 1))
    figure = plots.gates(SERIES.values[-50:], trace)
    (forget,) = [axes for axes in figure.axes if axes.get_title(loc="left").startswith("forget")]
    assert forget.images[0].get_array()[:, 0].tolist() == [0.1, 0.5, 0.7, 0.9]
