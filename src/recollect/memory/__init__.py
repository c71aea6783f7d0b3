"""The memory room: what an LSTM keeps, for how long, and when it lets go. Arrays and layers in, plain results out.

from recollect.memory import half_life, record

recording = record(lstm, x)                     # every gate, cell and output: [T, L, B, H]
half_life(recording).order                      # the units, from the sprinter to the keeper
"""

from recollect.memory.ablation import Ablation, ablation
from recollect.memory.clamping import clamped
from recollect.memory.contexts import Contexts, contexts
from recollect.memory.counterfactual import Counterfactual, counterfactual
from recollect.memory.events import Events, events
from recollect.memory.gates import GateHistory, Gates, GateWatch, gates
from recollect.memory.half_life import HalfLife, half_life
from recollect.memory.injection import Injection, injection
from recollect.memory.reach import Reach, reach
from recollect.memory.record import record
from recollect.memory.recording import Recording

__all__ = [
    "Ablation",
    "Contexts",
    "Counterfactual",
    "Events",
    "GateHistory",
    "GateWatch",
    "Gates",
    "HalfLife",
    "Injection",
    "Reach",
    "Recording",
    "ablation",
    "clamped",
    "contexts",
    "counterfactual",
    "events",
    "gates",
    "half_life",
    "injection",
    "reach",
    "record",
]
