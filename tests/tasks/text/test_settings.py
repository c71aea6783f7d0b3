"""Settings: every field is checked, and comes back from the manifest."""

from __future__ import annotations

import pytest

from recollect import TextGenerator
from recollect.core.errors import ArtifactError, InputError
from recollect.tasks.text.settings import SECONDS, Settings

WRONG = [
    ("tokens", "letters"), ("vocabulary", 2.5), ("embedding_size", 0), ("hidden_size", -1), ("num_layers", True),
    ("dropout", 1.0), ("batch_size", 0), ("stretch", None), ("learning_rate", 0.0), ("max_epochs", 0),
    ("max_time", float("inf")), ("seed", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InputError, match=rf"^{name} is .*and must be "):
        TextGenerator(**{name: value})  # type: ignore[arg-type]


def test_time_bounds_a_training_where_nothing_else_does() -> None:
    assert Settings().seconds == SECONDS
    assert Settings(max_epochs=3).seconds is None
    assert Settings(max_epochs=3, max_time=7.0).seconds == 7


def test_they_come_back_and_nothing_else_is_taken() -> None:
    settings = Settings(hidden_size=7, dropout=0.1, max_time=3.5)
    assert Settings.from_json(settings.to_json()) == settings
    for data in ({}, {**settings.to_json(), "more": 1}, {**settings.to_json(), "stretch": 0}, []):
        with pytest.raises(ArtifactError, match="saved settings"):
            Settings.from_json(data)
