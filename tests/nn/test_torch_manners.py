"""The layer behaves as a module of PyTorch does: copied, moved, saved, in mixed precision and in parallel."""

import copy
import pickle
import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from recollect.core.errors import ShapeError
from recollect.core.state import LSTMState
from recollect.nn import LSTM, Recurrent
from recollect.nn.cells import CELLS

T, B, I, H = 4, 3, 2, 3  # noqa: E741


@pytest.fixture(params=CELLS)
def layer(request: pytest.FixtureRequest) -> LSTM:
    torch.manual_seed(0)
    noise = Recurrent(dropconnect=0.2, variational=0.2, zoneout_output=0.2)
    return LSTM(I, H, 2, cell=request.param, bidirectional=True, dropout=0.3, regularize=noise)


def read(layer: LSTM, dtype: torch.dtype = torch.float32, seed: int = 4) -> tuple[Tensor, LSTMState]:
    torch.manual_seed(seed)
    gaps = torch.rand(T, B).to(dtype) if CELLS[layer.cell].reads_gaps else None
    return layer(torch.rand(T, B, I).to(dtype), None, torch.tensor([2, 4, 0]), gaps)


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))], ids=["copy", "pickle"]
)
def test_a_copy_computes_the_same_and_is_its_own(layer: LSTM, again):
    twin = again(layer)
    assert repr(twin) == repr(layer)
    assert all(
        torch.equal(a, b)
        for a, b in zip((read(layer)[0], *read(layer)[1]), (read(twin)[0], *read(twin)[1]), strict=True)
    )
    with torch.no_grad():
        twin.W0.zero_()
    assert layer.W0.any()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_it_moves_to_another_dtype(layer: LSTM, dtype: torch.dtype):
    layer.eval()
    expected, _ = read(layer)
    layer.to(dtype)
    output, last = read(layer, dtype)
    assert {output.dtype, last.h.dtype, last.c.dtype, *(value.dtype for value in layer.parameters())} == {dtype}
    torch.testing.assert_close(output.float(), expected, rtol=0.05, atol=0.02)
    output.sum().backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in layer.parameters())


def test_it_moves_to_another_device(layer: LSTM):
    assert all(value.is_meta for value in copy.deepcopy(layer).to("meta").parameters())
    with torch.device("meta"):
        empty = LSTM(I, H, cell=layer.cell)
    empty.to_empty(device="cpu").load_state_dict(LSTM(I, H, cell=layer.cell).state_dict())
    assert read(empty)[0].isfinite().all()


def test_on_the_meta_device_shapes_are_all_there_is(layer: LSTM):
    layer.to("meta").eval()
    x = torch.zeros(T, B, I, device="meta")
    if CELLS[layer.cell].reads_gaps:
        pytest.skip("gaps are looked at, and there is nothing to see")
    output, last = layer(x)
    assert output.is_meta and output.shape == (T, B, 2 * H) and last.h.shape == (4, B, H)


def test_saved_weights_fit_their_own_cell_alone(layer: LSTM):
    weights = layer.state_dict()
    letters = "WRbE" if CELLS[layer.cell].own else "WRb"
    assert set(weights) == {f"{letter}{k}{end}" for letter in letters for k in "01" for end in ("", "_back")}
    twin = copy.deepcopy(layer)
    twin.reset_parameters()
    twin.load_state_dict(weights)
    assert torch.equal(read(layer)[0], read(twin)[0])
    lacking = {name: value for name, value in weights.items() if name != "R1_back"}
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "R1_back"'):
        twin.load_state_dict(lacking)
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "P0"'):
        twin.load_state_dict({**weights, "P0": weights["W0"]})
    other = LSTM(I, H, 2, cell="gru" if layer.cell != "gru" else "peephole", bidirectional=True)
    with pytest.raises(RuntimeError, match=r"size mismatch|Missing key"):
        other.load_state_dict(weights)


@pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(),
    reason="torch.nn.LSTM has no bfloat16 of its own on this processor",
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("carried", [None, torch.float32, torch.bfloat16])
def test_autocast_gives_what_torch_gives(dtype: torch.dtype, carried: torch.dtype | None):
    torch.manual_seed(0)
    theirs = nn.LSTM(I, 16, 2)
    ours = LSTM.from_torch(theirs)
    x = torch.rand(T, B, I).to(dtype)
    state = None if carried is None else tuple(torch.rand(2, 2, B, 16).to(carried).unbind(0))
    with torch.autocast("cpu", torch.bfloat16):
        expected, ends = theirs(x, state)
        output, last = ours(x, state)
    assert [value.dtype for value in (output, *last)] == [value.dtype for value in (expected, *ends)]
    torch.testing.assert_close((output, *last), (expected, *ends), rtol=0.03, atol=0.01)


def test_autocast_keeps_the_precision_of_the_weights_inside(layer: LSTM):
    layer.eval()
    exact, last = read(layer)
    with torch.autocast("cpu", torch.bfloat16):
        output, end = read(layer)
        output.float().sum().backward()
    assert torch.equal(output, exact.bfloat16())
    assert torch.equal(end.h, last.h.bfloat16()) and torch.equal(end.c, last.c.bfloat16())
    assert all(value.grad.dtype == torch.float32 for value in layer.parameters())
    with torch.autocast("cpu", torch.bfloat16):
        x = torch.rand(B, I, dtype=torch.bfloat16)
        one = LSTM(I, H, cell=layer.cell)
        y, state = one.step(x, None, torch.ones(B) if CELLS[layer.cell].reads_gaps else None)
    assert (y.dtype, state.h.dtype) == (torch.bfloat16, torch.bfloat16)


def test_a_default_device_changes_nothing(layer: LSTM):
    layer.eval()
    given = (torch.rand(T, B, I), None, None, torch.rand(T, B) if CELLS[layer.cell].reads_gaps else None)
    exact = layer(*given)[0]
    with torch.device("meta"):
        assert torch.equal(layer(*given)[0], exact)


def test_autocast_does_not_reach_float64_and_forgives_no_shape():
    layer = LSTM(I, H).double()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.rand(T, B, I).double())[0].dtype == torch.float64
        with pytest.raises(ShapeError, match=r"x is torch.float32, and the weights are torch.float64"):
            layer(torch.rand(T, B, I))
        with pytest.raises(ShapeError, match=r"x is torch.int64"):
            LSTM(I, H)(torch.ones(T, B, I, dtype=torch.int64))


PARALLEL = """
import sys, torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from recollect.nn import LSTM
from recollect.nn.cells import CELLS

rank, world, store = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
distributed.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=world)
for cell in CELLS:
    torch.manual_seed(rank)  # DDP brings the weights together
    layer = LSTM(3, 4, 2, cell=cell, bidirectional=True).double()
    parallel = DistributedDataParallel(layer)
    torch.manual_seed(7)
    x, lengths, gaps = torch.rand(5, 4, 3).double(), torch.tensor([5, 2, 0, 3]), torch.rand(5, 4).double()
    given = (gaps,) if cell == "decay" else ()
    mine = slice(rank * 4 // world, (rank + 1) * 4 // world)
    output, last = parallel(x[:, mine], None, lengths[mine], *(value[:, mine] for value in given))
    output.square().sum().backward()
    found = [value.grad.clone() for value in layer.parameters()]
    layer.zero_grad()
    layer(x, None, lengths, *given)[0].square().sum().backward()
    for one, value in zip(found, layer.parameters()):
        torch.testing.assert_close(one * world, value.grad)
distributed.destroy_process_group()
print("agreed")
"""


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no distributed package")
@pytest.mark.parametrize("world", [1, 2])
def test_gradients_of_parallel_processes_are_those_of_the_whole_batch(tmp_path, world: int):
    command = [sys.executable, "-c", PARALLEL]
    workers = [
        subprocess.Popen(
            [*command, str(rank), str(world), str(tmp_path / "store")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for rank in range(world)
    ]
    for worker in workers:
        out, err = worker.communicate(timeout=120)
        assert (worker.returncode, out.strip()) == (0, b"agreed"), err.decode()
