"""One memory cell, set by hand: it keeps the last value that it was told to keep, and its gates show how.

Input 0 is a value, input 1 a command: 1 means "keep this value", 0 means "ignore it". No training: the weights say
`open the input gate and shut the forget gate on command, and otherwise do the opposite`.
"""

from __future__ import annotations

import torch

from recollect import LSTM

VALUE = [0.3, 0.8, -0.5, 0.1, 0.9, -0.9, 0.4, 0.2]
COMMAND = [0, 1, 0, 0, 0, 1, 0, 0]
FIRM = 12.0  # sigmoid(12) is 1 and sigmoid(-12) is 0, to five digits


def keeper() -> LSTM:
    """An LSTM with one unit whose gates obey the command; the rows of W are the gates i, f, g, o."""
    lstm = LSTM(input_size=2, hidden_size=1)
    with torch.no_grad():
        for weight in lstm.parameters():
            weight.zero_()
        weights = lstm.weights(0, 0)
        weights.W[0, 1], weights.b[0] = 2 * FIRM, -FIRM  # i: what to write
        weights.W[1, 1], weights.b[1] = -2 * FIRM, FIRM  # f: what to keep
        weights.W[2, 0] = 1.0  # g: the candidate is tanh of the value
        weights.b[3] = FIRM  # o: always show
    return lstm


if __name__ == "__main__":
    x = torch.tensor([VALUE, COMMAND], dtype=torch.float32).T  # [T, I]
    trace = keeper().trace(x)
    print("value  keep?     i     f      c      h")
    for t, (value, command) in enumerate(zip(VALUE, COMMAND, strict=True)):
        i, f, c, h = (gate[t].item() for gate in (trace.i, trace.f, trace.c, trace.h))
        print(f"{value:5.1f}  {'yes' if command else 'no ':5s} {i:5.2f} {f:5.2f} {c:6.2f} {h:6.2f}")
