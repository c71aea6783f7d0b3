import numpy as np
import pytest

from recollect.tasks.demo.data import VALIDATION, make, windows
from recollect.tasks.demo.estimator import Learner, baselines


@pytest.mark.parametrize(
    ("name", "activation", "seed"), [("sine", "tanh", 0), ("nyquist", "tanh", 1), ("sine", "relu", 2)]
)
def test_learns(name, activation, seed):
    values = make(name, seed).values
    learner = Learner(activation, seed=seed).fit(values)
    inputs, targets = windows(values, VALIDATION, 1000)
    assert np.square(learner.predict(inputs) - targets).mean() <= 1e-3


@pytest.fixture(scope="module")
def learner() -> Learner:
    return Learner(hidden_size=6, epochs=1).fit(make("sine", 0).values)


def test_the_first_path_is_the_network_alone_and_the_rest_spread(learner):
    window = make("sine", 0).values[-50:]
    paths = learner.paths(window, steps=5, count=40)
    own = list(window)
    for _ in range(5):
        own.append(learner.predict(np.array([own[-50:]]))[0])
    np.testing.assert_allclose(paths[0], own[50:], atol=1e-6)
    assert paths.shape == (40, 5)
    assert (paths.std(axis=0) > 0).all()
    assert np.array_equal(paths, learner.paths(window, steps=5, count=40))


def test_the_shocks_are_the_errors_on_the_validation_part(learner):
    values = make("sine", 0).values
    inputs, targets = windows(values, 800, 900)
    errors = targets - learner.predict(inputs)
    firsts = learner.paths(values[-50:], steps=1, count=300)[1:, 0] - learner.predict(values[None, -50:])[0]
    assert np.abs(firsts[:, None] - errors[None]).min(axis=1).max() < 1e-6


def test_the_held_out_part_touches_no_weight():
    values = make("sine", 0).values
    changed = values.copy()
    changed[VALIDATION:] = 99.0
    left, right = (Learner(hidden_size=4, epochs=1).fit(series) for series in (values, changed))
    assert left.record.losses == right.record.losses
    assert np.array_equal(left.predict(values[None, :50]), right.predict(values[None, :50]))


def test_a_seed_decides_everything():
    values = make("sine", 0).values
    one, same, other = (Learner(hidden_size=4, epochs=1, seed=seed).fit(values).record.losses for seed in (3, 3, 4))
    assert one == same != other


def test_the_trace_ends_in_the_prediction(learner):
    window = make("sine", 0).values[-50:]
    trace = learner.trace(window)
    assert {name: value.shape for name, value in trace.items()} == dict.fromkeys("ifgoch", (50, 6))
    head = learner.network.head
    said = trace["h"][-1] @ head.weight.detach().numpy()[0] + head.bias.item()
    assert said == pytest.approx(learner.predict(window[None])[0], abs=1e-5)


def test_baselines_know_only_the_past():
    values = np.sin(0.5 * np.arange(1000)) + 0.25
    said = baselines(values, season=3)
    assert np.array_equal(said["last value"], values[899:999])
    assert np.array_equal(said["value 3 steps before"], values[897:997])
    np.testing.assert_allclose(said["linear, same 50 values"], values[900:], atol=1e-8)
