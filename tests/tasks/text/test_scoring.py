"""Surprise: a text in parts with the state carried is the whole text; windows begin from nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recollect.tasks.text import scoring
from recollect.tasks.text.dynamic import dynamic
from recollect.tasks.text.network import TextNetwork, surprise
from recollect.tasks.text.scoring import carried, windowed

TEXT = np.random.default_rng(0).integers(0, 11, 101).astype(np.uint8)


def whole(network: TextNetwork, text: np.ndarray) -> np.ndarray:
    tokens = torch.from_numpy(text.astype(np.int64))[:, None]
    with torch.no_grad():
        return surprise(network(tokens[:-1]).logits, tokens[1:])[:, 0].numpy()


@pytest.mark.parametrize("longest", [1, 7, 100, 4096])
def test_parts_with_the_state_carried_are_the_whole(
    network: TextNetwork, monkeypatch: pytest.MonkeyPatch, longest: int
) -> None:
    monkeypatch.setattr(scoring, "LONGEST", longest)
    found = np.concatenate([nats for nats, _ in carried(network, TEXT)])
    np.testing.assert_allclose(found, whole(network, TEXT), rtol=1e-4, atol=1e-5)


def test_a_text_split_in_two_costs_what_it_costs_whole(network: TextNetwork) -> None:
    ((first, state),) = carried(network, TEXT[:41])
    ((second, _),) = carried(network, TEXT[40:], state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole(network, TEXT), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("most", [1, 300, 4_000_000])
def test_windows_read_from_nothing_and_leave_no_token_out(
    network: TextNetwork, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(scoring, "MOST_LOGITS", most)
    found = np.concatenate(list(windowed(network, TEXT, 16)))
    apart = [whole(network, TEXT[first : first + 17]) for first in range(0, 100, 16)]
    assert len(apart[-1]) == 4, "the last window is shorter"
    np.testing.assert_allclose(found, np.concatenate(apart), rtol=1e-4, atol=1e-5)


def test_what_is_learned_on_the_way_was_scored_before(network: TextNetwork) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    same = np.tile(np.array([1, 2, 3, 4], np.uint8), 160)
    found = np.concatenate(list(dynamic(network, same)))
    np.testing.assert_allclose(found[:64], whole(network, same)[:64], rtol=1e-4, atol=1e-5)
    assert found[-64:].mean() < whole(network, same)[-64:].mean(), "it has learnt the rule meanwhile"
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in before.items())
