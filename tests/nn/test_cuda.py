"""On a CUDA device the layer is what it is on the CPU: every cell and form, gradients, traces, steps and training."""

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from recollect.core.errors import ShapeError
from recollect.kernels.contract import Case
from recollect.kernels.dispatch import chosen, using
from recollect.nn import LSTM, Recurrent
from recollect.nn.cells import ACTIVATIONS, CELLS
from recollect.train.loop import fit
from recollect.train.plan import Plan

pytestmark = pytest.mark.cuda

T, B, I, H = 7, 5, 3, 4  # noqa: E741
LENGTHS = torch.tensor([3, 7, 0, 1, 7])
FORMS = {
    "plain": {},
    "batch first": {"batch_first": True},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
    "projected": {"proj_size": 2},
}


@pytest.fixture(autouse=True)
def _exact() -> Iterator[None]:
    """Without the 10-bit products that cuDNN takes by default."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


def make(cell: str, activation: str = "tanh", form: str = "plain") -> LSTM:
    if "proj_size" in FORMS[form] and not CELLS[cell].has_c:
        pytest.skip("nothing to project")
    torch.manual_seed(0)
    return LSTM(I, H, cell=cell, activation=activation, **FORMS[form]).double()


def inputs(layer: LSTM, device: str) -> dict[str, Tensor | None]:
    torch.manual_seed(1)
    x, gaps = torch.randn(T, B, I, dtype=torch.float64), torch.rand(T, B, dtype=torch.float64)
    if layer.batch_first:
        x, gaps = x.transpose(0, 1), gaps.T
    return {"x": x.to(device), "gaps": gaps.to(device) if CELLS[layer.cell].reads_gaps else None}


def everything(layer: LSTM, device: str, lengths: Tensor | None) -> list[Tensor]:
    """Output, last state, trace, and the gradients of x and of every weight."""
    layer = copy.deepcopy(layer).to(device)
    given = inputs(layer, device)
    x = given["x"].requires_grad_()
    output, last = layer(lengths=lengths, **given)
    total = output.square().sum() + last.h.sum() + last.c.sin().sum()
    grads = torch.autograd.grad(total, [x, *layer.parameters()])
    return [value.cpu() for value in (output, *last, *layer.trace(lengths=lengths, **given), *grads)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_everything_is_as_on_the_cpu(cell: str, activation: str, form: str):
    layer = make(cell, activation, form)
    for lengths in (None, LENGTHS):
        expected = everything(layer, "cpu", lengths)
        torch.testing.assert_close(everything(layer, "cuda", lengths), expected, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(everything(layer, "cuda", LENGTHS.cuda()), expected, rtol=1e-9, atol=1e-11)


def test_the_plain_cell_takes_cudnn_and_the_others_the_definition():
    for cell in CELLS:
        wanted = "aten" if cell == "lstm" else "reference"
        assert chosen(Case(cell, "tanh", torch.float32, "cuda")).path.name == wanted


def test_single_precision_by_cudnn_is_near_the_definition():
    layer = LSTM(64, 128).cuda()
    x = torch.randn(100, 32, 64, device="cuda")
    lengths = torch.randint(0, 101, (32,))
    for given in (None, lengths):
        output, last = layer(x, None, given)
        with using("reference"):
            expected, end = copy.deepcopy(layer).double()(x.double(), None, given)
        for ours, true in ((output, expected), (last.h, end.h), (last.c, end.c)):
            torch.testing.assert_close(ours.double(), true, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_steps_are_the_sequence(cell: str):
    layer = make(cell).cuda()
    given = inputs(layer, "cuda")
    output, last = layer(**given)
    state, steps = None, []
    for t in range(T):
        y, state = layer.step(given["x"][t], state, None if given["gaps"] is None else given["gaps"][t])
        steps.append(y)
    torch.testing.assert_close(torch.stack(steps), output)
    torch.testing.assert_close(state, last)


@pytest.mark.parametrize("cell", CELLS)
def test_zoneout_tosses_the_same_coins(cell: str):
    layer = make(cell)
    layer.regularize = Recurrent(zoneout_output=0.4)
    outputs = []
    for device in ("cpu", "cuda"):
        moved = copy.deepcopy(layer).to(device)
        given = inputs(moved, device)
        torch.manual_seed(5)
        outputs.append(moved(**given)[0].cpu())
    torch.testing.assert_close(outputs[1], outputs[0])


@pytest.mark.parametrize("cell", CELLS)
def test_it_moves_there_and_back_to_the_bit(cell: str):
    layer = make(cell)
    there = pickle.loads(pickle.dumps(layer.cuda()))
    assert all(value.is_cuda for value in there.parameters())
    back = there.cpu()
    assert all(torch.equal(value, back.state_dict()[name]) for name, value in make(cell).state_dict().items())


def test_it_is_torchs_own():
    theirs = nn.LSTM(I, H, 2, bidirectional=True).cuda()
    ours = LSTM.from_torch(theirs)
    x = torch.randn(T, B, I, device="cuda")
    for one, other in ((ours, theirs), (ours.to_torch(), ours)):
        torch.testing.assert_close(one(x)[0], other(x)[0])


@pytest.mark.parametrize("cell", CELLS)
def test_in_an_autocast_region_its_output_has_the_dtype_of_the_region(cell: str):
    layer = make(cell).float().cuda()
    given = {key: None if value is None else value.float() for key, value in inputs(layer, "cuda").items()}
    expected, _ = layer(**given)
    with torch.autocast("cuda", torch.bfloat16):
        output, last = layer(**given)
    assert {output.dtype, last.h.dtype, last.c.dtype} == {torch.bfloat16}
    torch.testing.assert_close(output.float(), expected, rtol=0.02, atol=0.02)
    output.float().sum().backward()
    assert all(value.grad.isfinite().all() for value in layer.parameters())


def test_input_on_another_device_is_refused_by_name():
    with pytest.raises(ShapeError, match=r"cpu.*cuda|cuda.*cpu"):
        make("lstm").cuda()(torch.zeros(T, B, I, dtype=torch.float64))


@pytest.mark.parametrize("cell", CELLS)
def test_training_learns_and_goes_on_where_it_was_broken(cell: str, tmp_path: Path):
    given = inputs(make(cell), "cuda")
    target = torch.sin(given["x"].sum(2, keepdim=True))

    def train(checkpoint: Path, limit: int) -> tuple[list[float], LSTM]:
        layer = make(cell).cuda()

        def loss(module: LSTM, epoch: int) -> Tensor:
            if epoch > limit:
                raise SystemExit
            return (module(**given)[0].mean(2, keepdim=True) - target).square().mean()

        plan = Plan(max_epochs=12, learning_rate=0.03, checkpoint_every=0.0)
        record = fit(layer, lambda epoch: [epoch] * 4, loss, plan=plan, seed=0, checkpoint=checkpoint)
        return record.losses, layer

    losses, layer = train(tmp_path / "whole", 12)
    assert losses[-1] < 0.7 * losses[0]
    assert all(value.is_cuda for value in layer.parameters())
    with pytest.raises(SystemExit):
        train(tmp_path / "broken", 7)
    again, twin = train(tmp_path / "broken", 12)
    torch.testing.assert_close(again, losses, rtol=1e-6, atol=0)
    torch.testing.assert_close(dict(twin.named_parameters()), dict(layer.named_parameters()), rtol=1e-6, atol=1e-9)
