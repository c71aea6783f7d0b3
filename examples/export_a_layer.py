"""Set a network with an LSTM down as a graph, write it to a file, and run it at another length and batch.

    python examples/export_a_layer.py

The graph calls the kernels by their operator, so it is as fast as the layer and gives the same bits. Who loads it needs
`import recollect.nn` before, for the operators, and nothing of the class that made it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import Dim

from recollect import LSTM


class Ahead(nn.Module):
    """Series x [T, B, 1] -> what comes next in each, [B]."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = LSTM(1, 32), nn.Linear(32, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Read each row to its end."""
        output, _ = self.lstm(x)
        ahead: Tensor = self.head(output[-1])[:, 0]
        return ahead


network = Ahead().eval()
shapes = {"x": {0: Dim("time", min=2, max=10_000), 1: Dim("rows", min=2, max=10_000)}}
program = torch.export.export(network, (torch.randn(50, 8, 1),), dynamic_shapes=shapes)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "ahead.pt2"
    torch.export.save(program, path)
    print(f"{path.name}: {path.stat().st_size:,} bytes")
    again = torch.export.load(path).module()

x = torch.randn(333, 5, 1)
print("the same bits at 333 steps and 5 rows:", torch.equal(again(x), network(x)))
