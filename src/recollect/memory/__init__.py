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
from recollect.memory.film import Film, Frames
from recollect.memory.gates import GateHistory, Gates, GateWatch, gates
from recollect.memory.half_life import HalfLife, half_life
from recollect.memory.injection import Injection, injection
from recollect.memory.inside import Inside, look_inside
from recollect.memory.properties import brackets, line_length, line_position, quotes
from recollect.memory.reach import Reach, reach
from recollect.memory.record import record
from recollect.memory.recording import Recording
from recollect.memory.tracks import Tracks, tracks

__all__ = [
    "Ablation",
    "Contexts",
    "Counterfactual",
    "Events",
    "Film",
    "Frames",
    "GateHistory",
    "GateWatch",
    "Gates",
    "HalfLife",
    "Injection",
    "Inside",
    "Reach",
    "Recording",
    "Tracks",
    "ablation",
    "brackets",
    "clamped",
    "contexts",
    "counterfactual",
    "events",
    "gates",
    "half_life",
    "injection",
    "line_length",
    "line_position",
    "look_inside",
    "quotes",
    "reach",
    "record",
    "tracks",
]
