from __future__ import annotations

import json

import pytest

from recollect.core.errors import ArtifactError
from recollect.data.clock import Clock
from recollect.data.schema import Schema

SCHEMA = Schema(
    target="load",
    clock=Clock("minute", 15, anchor=60_000_000, kind="datetime", zone="Europe/Berlin"),
    time="time",
    series="site",
    integer_names=True,
    known=("price", "tariff"),
    past=("wind",),
    static=("area", "kind"),
    levels=(("tariff", ("day", "night")), ("kind", ("coast", "hill"))),
    calendar=True,
    holidays="DE-BY",
)


def test_a_schema_survives_json() -> None:
    assert Schema.from_json(json.loads(json.dumps(SCHEMA.to_json()))) == SCHEMA


def test_the_names_of_what_the_panel_holds() -> None:
    assert SCHEMA.given_names == ("price", "tariff=day", "tariff=night")
    assert SCHEMA.known_names[3:5] == ("sin of day", "cos of day") and SCHEMA.known_names[-1] == "holiday DE-BY"
    assert SCHEMA.past_names == ("wind",)
    assert (SCHEMA.static_names, SCHEMA.group_names, SCHEMA.group_sizes) == (("area",), ("kind",), (3,))
    assert Schema(target="y", clock=Clock()).time_name == "step"


def test_a_saved_schema_that_is_none_is_refused() -> None:
    with pytest.raises(ArtifactError, match="must hold exactly"):
        Schema.from_json({"target": "y"})
    with pytest.raises(ArtifactError, match="must hold exactly"):
        Schema.from_json(None)
