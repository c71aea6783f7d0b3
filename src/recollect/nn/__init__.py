"""The network room: the LSTM layer, and the cells that define it."""

from recollect.nn.cells import Trace
from recollect.nn.lstm import LSTM

__all__ = ["LSTM", "Trace"]
