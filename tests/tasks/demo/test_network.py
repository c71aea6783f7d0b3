import torch

from recollect.tasks.demo.network import NextValue


def test_reads_the_window_from_left_to_right():
    network = NextValue(4, "tanh", torch.Generator().manual_seed(0))
    window = torch.linspace(-1, 1, 7)
    state = None
    for value in window:
        y, state = network.lstm.step(value[None], state)
    torch.testing.assert_close(network(window[None])[0], network.head(y)[0])


def test_the_generator_decides_the_weights():
    one, two = (NextValue(4, "relu", torch.Generator().manual_seed(3)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
