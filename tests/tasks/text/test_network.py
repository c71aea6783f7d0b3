"""The network: its equations, its steps, its tied weights, and what the noise does in training alone."""

from __future__ import annotations

import math

import pytest
import torch

from recollect.tasks.text.network import Noise, Shape, TextNetwork, surprise


def tokens(steps: int, rows: int) -> torch.Tensor:
    return torch.randint(11, (steps, rows), generator=torch.Generator().manual_seed(1))


def test_steps_are_the_sequence(network: TextNetwork) -> None:
    text = tokens(9, 4)
    with torch.no_grad():
        whole = network(text)
        state, logits = network.empty(4), []
        for step in text:
            one, state = network.step(step, state)
            logits.append(one)
    torch.testing.assert_close(torch.stack(logits), whole.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(tuple(state), tuple(whole.state), rtol=1e-4, atol=1e-5)


def test_the_equations_are_those_of_the_docstring(network: TextNetwork) -> None:
    text = tokens(5, 2)
    with torch.no_grad():
        hidden, _ = network.lstm(network.embedding.weight[text])
        if network.shape.tied:
            assert network.narrow is not None
            expected = hidden @ network.narrow.weight.T @ network.embedding.weight.T + network.head.bias
        else:
            expected = hidden @ network.head.weight.T + network.head.bias
        torch.testing.assert_close(network(text).logits, expected, rtol=1e-4, atol=1e-5)


def test_work_counts_the_multiplications_of_a_step(network: TextNetwork) -> None:
    matrices = [w for name, w in network.named_parameters() if w.ndim == 2 and name != "embedding.weight"]
    count = sum(w.numel() for w in matrices) + (network.embedding.weight.numel() if network.shape.tied else 0)
    assert network.shape.work == count


def test_surprise_is_minus_log_p() -> None:
    logits = torch.zeros(3, 2, 4)
    logits[0, 0, 1] = math.log(5)
    found = surprise(logits, torch.tensor([[1, 1], [0, 0], [2, 3]]))
    assert found.shape == (3, 2)
    assert found[0, 0].item() == pytest.approx(-math.log(5 / 8))
    assert found[0, 1].item() == pytest.approx(math.log(4))


def test_noise_acts_in_training_alone_and_masks_hold_for_a_stretch() -> None:
    torch.manual_seed(0)
    network = TextNetwork(Shape(11, 6, 40, 1, tied=False), Noise(output=0.5))
    text = tokens(6, 3)
    read = network.train()(text)
    dropped = read.disturbed == 0
    assert torch.equal(dropped, dropped[:1].expand_as(dropped)), "the same units at every step"
    assert 0.3 < dropped.float().mean() < 0.7
    kept = ~dropped
    torch.testing.assert_close(read.disturbed[kept], 2 * read.hidden[kept])
    calm = network.eval()(text)
    assert torch.equal(calm.disturbed, calm.hidden)
    assert torch.equal(calm.logits, network(text).logits)
