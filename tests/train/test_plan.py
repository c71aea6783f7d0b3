import pytest
from hypothesis import given
from hypothesis import strategies as st

from recollect.core.errors import InputError
from recollect.train.plan import Plan


def test_the_rate_rises_and_falls():
    plan = Plan(learning_rate=2.0, warmup=0.2)
    assert [plan.rate(p) for p in (0.0, 0.1, 0.2, 0.6, 1.0)] == pytest.approx([0, 1, 2, 1, 0])


@given(st.floats(0, 0.99), st.floats(0, 1))
def test_the_rate_stays_between_zero_and_its_peak(warmup, progress):
    assert 0 <= Plan(learning_rate=0.5, warmup=warmup).rate(progress) <= 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_epochs", 0),
        ("max_time", 0.0),
        ("max_time", float("nan")),
        ("learning_rate", -1.0),
        ("weight_decay", -0.1),
        ("clip_norm", 0.0),
        ("warmup", 1.0),
        ("patience", 0),
        ("enough", float("nan")),
        ("average", 1.0),
        ("validate_every", 0),
        ("steps_per_epoch", 0),
        ("checkpoint_every", -1.0),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(InputError, match=f"{name} is {value}, and must be"):
        Plan(**{name: value})
