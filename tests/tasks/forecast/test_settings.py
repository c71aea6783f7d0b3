from __future__ import annotations

import json
import math

import pytest

from recollect.core.errors import ArtifactError, InputError
from recollect.tasks.forecast.settings import Settings


def test_levels_give_the_quantiles_between_their_ends() -> None:
    assert Settings(3).quantiles == pytest.approx((0.025, 0.1, 0.5, 0.9, 0.975))
    assert Settings(3, levels=(50.0,)).quantiles == pytest.approx((0.25, 0.5, 0.75))
    assert Settings(3, levels=(50.0, 99.5)).shares == pytest.approx((0.5, 0.995))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("horizon", 0),
        ("horizon", -3),
        ("horizon", 2.0),
        ("horizon", True),
        ("horizon", None),
        ("levels", ()),
        ("levels", (95.0, 80.0)),
        ("levels", (80.0, 80.0)),
        ("levels", (0.8, 0.95)),
        ("levels", (100.0,)),
        ("levels", (math.nan,)),
        ("season", 0),
        ("season", 2.5),
        ("lookback", 1),
        ("lookback", 2.5),
        ("hidden_size", 0),
        ("num_layers", 0),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", math.nan),
        ("ensemble", 0),
        ("domain", "negative"),
        ("max_epochs", 0),
        ("max_time", 0.0),
        ("max_time", -1.0),
        ("max_time", math.inf),
        ("seed", 1.5),
    ],
)
def test_a_value_out_of_range_is_named_with_what_would_do(name: str, value: object) -> None:
    arguments: dict[str, object] = {"horizon": 3, name: value}
    with pytest.raises(InputError, match=rf"^{name} is .*and must be "):
        Settings(**arguments)


def test_survives_json() -> None:
    settings = Settings(5, (50.0, 90.0), 12, 48, 16, 2, 0.0, 3, "count", 7, 1.5, 9)
    assert Settings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


@pytest.mark.parametrize(
    "change",
    [{"horizon": 0}, {"horizon": "many"}, {"levels": 80}, {"levels": None}, {"surprise": 1}, {"dropout": None}],
)
def test_a_manifest_with_other_settings_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ArtifactError, match="saved settings"):
        Settings.from_json(Settings(3).to_json() | change)


@pytest.mark.parametrize("data", [None, [], "settings", {}])
def test_a_manifest_without_settings_is_refused(data: object) -> None:
    with pytest.raises(ArtifactError, match="saved settings must hold"):
        Settings.from_json(data)
