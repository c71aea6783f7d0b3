"""The compiled core, built from csrc/; absent where no compiler was found."""

from enum import Enum

class Kind(Enum):
    lstm = ...
    peephole = ...
    coupled = ...
    layernorm = ...
    decay = ...
    gru = ...
    rnn = ...

class Squash(Enum):
    tanh = ...
    relu = ...

class Sequence:
    def __init__(self, at: int, time: int, row: int, /) -> None: ...

class Layer:
    def __init__(self, like: Layer = ..., /) -> None: ...
    kind: Kind
    squash: Squash
    wide: bool
    reverse: bool
    threads: int
    T: int
    B: int
    I: int
    H: int
    P: int
    x: Sequence
    lengths: int
    h0: int
    c0: int
    W: int
    R: int
    b: int
    E: int
    Q: int
    gaps: Sequence
    h_mask: int
    zone_c: float
    zone_h: float
    zone_mean: bool
    seed: int
    y: Sequence
    hT: int
    cT: int
    gates: Sequence
    gate: int
    cells: Sequence
    norms: Sequence
    inner: Sequence
    dy: Sequence
    dhT: int
    dcT: int
    dx: Sequence
    dh0: int
    dc0: int
    dW: int
    dR: int
    db: int
    dE: int
    dQ: int

def instruction_sets() -> list[str]: ...
def chosen_instruction_set() -> str: ...
def peak_flops(seconds: float) -> float: ...
def worst_error(name: str, double: bool, stride: int) -> tuple[float, float]: ...
def forward(layer: Layer) -> None: ...
def step(layer: Layer, x: int, h0: int, c0: int, y: int, hT: int, cT: int) -> None: ...
def backward(layer: Layer) -> None: ...
