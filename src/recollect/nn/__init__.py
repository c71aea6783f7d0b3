"""The network room: the LSTM layer, and the cells that define it."""

from recollect.nn.lstm import LSTM
from recollect.nn.regularize import Recurrent
from recollect.nn.traces import GRUTrace, RNNTrace, Trace

__all__ = ["LSTM", "GRUTrace", "RNNTrace", "Recurrent", "Trace"]
