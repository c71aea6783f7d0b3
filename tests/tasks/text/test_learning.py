"""Training: the state is carried, forgotten where asked, part of a checkpoint; AR and TAR by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from recollect.tasks.text.data import Streams, Stretch, windows
from recollect.tasks.text.learning import Reader, train_network
from recollect.tasks.text.network import Noise, Shape, TextNetwork, surprise
from recollect.train.plan import Plan

SHAPE = Shape(7, 5, 8, 1, tied=False)
TEXT = np.random.default_rng(0).integers(0, 7, 400).astype(np.uint8)


def born(noise: Noise | None = None) -> TextNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TextNetwork(SHAPE, noise)


def test_the_state_is_carried_from_stretch_to_stretch_and_no_gradient_with_it() -> None:
    text = torch.from_numpy(TEXT[:33].astype(np.int64))[:, None]
    reader, network = Reader(born(), rows=1), born()
    for first in (0, 8, 16, 24):
        loss = reader.loss(Stretch(text[first : first + 9], torch.ones(1)))
        loss.backward()
    whole = network(text[:-1])
    torch.testing.assert_close(reader.h, whole.state.h.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        loss.detach(), surprise(whole.logits, text[1:])[24:].mean().detach(), rtol=1e-4, atol=1e-5
    )
    assert not reader.h.requires_grad


def test_a_stream_that_forgets_begins_anew_and_its_neighbour_does_not() -> None:
    text = torch.from_numpy(TEXT[:36].reshape(18, 2).astype(np.int64))
    reader = Reader(born(), rows=2)
    reader.loss(Stretch(text[:9], torch.ones(2)))
    reader.loss(Stretch(text[9:], torch.tensor([0.0, 1.0])))
    network = born()
    torch.testing.assert_close(reader.c[:, 0], network(text[9:-1, :1]).state.c[:, 0].detach(), rtol=1e-4, atol=1e-5)
    second = torch.cat([text[:8, 1:], text[9:-1, 1:]])
    torch.testing.assert_close(reader.c[:, 1], network(second).state.c[:, 0].detach(), rtol=1e-4, atol=1e-5)


def test_activation_and_change_are_weighed_into_the_loss() -> None:
    text = torch.from_numpy(TEXT[:20].reshape(10, 2).astype(np.int64))
    stretch = Stretch(text, torch.ones(2))
    plain = Reader(born(), rows=2).loss(stretch)
    hidden = born()(text[:-1]).hidden
    both = Reader(born(Noise(activation=2.0, change=3.0)), rows=2).loss(stretch)
    wanted = plain + 2 * (hidden**2).mean() + 3 * ((hidden[1:] - hidden[:-1]) ** 2).mean()
    torch.testing.assert_close(both, wanted)


@pytest.mark.parametrize("stopped_after", [1, 2])
def test_a_training_that_was_broken_off_ends_in_the_same_bits(tmp_path: Path, stopped_after: int) -> None:
    def trained(name: str, epochs: int) -> TextNetwork:
        network = born(Noise(0.1, 0.0, 0.2, 0.2, 2.0, 1.0))
        streams = Streams(TEXT, rows=4, length=8, forgetful=0.3, seed=1)
        plan = Plan(max_epochs=3, steps_per_epoch=5, checkpoint_every=0)
        watch = _Stop(epochs)
        train_network(
            network, streams, windows(TEXT, 10, 5), plan=plan, seed=1, checkpoint=tmp_path / name, progress=watch
        )
        return network

    whole = trained("whole", 9)
    with pytest.raises(KilledError):
        trained("broken", stopped_after)
    again = trained("broken", 9)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


class KilledError(Exception):
    pass


class _Stop:
    """Kills the run in the epoch after so many."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def start(self, max_epochs: int) -> None:
        pass

    def update(self, epoch: int, step: int, fraction: float, loss: float, validation: float | None) -> None:
        if epoch > self.epochs:
            raise KilledError

    def finish(self) -> None:
        pass
