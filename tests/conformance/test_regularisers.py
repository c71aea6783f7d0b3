"""Noise in the recurrence: where it acts, what it keeps, that it repeats, and that every path tosses the same coins."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.kernels.coin import CELL, OUTPUT, keeps
from recollect.kernels.contract import Case
from recollect.kernels.dispatch import PATHS, using
from recollect.nn import LSTM, Recurrent
from recollect.nn.cells import ACTIVATIONS, CELLS

I, H, T, B = 3, 4, 6, 5  # noqa: E741
LENGTHS = torch.tensor([4, 0, 6, 1, 3])
NOISES = {
    "dropconnect": Recurrent(dropconnect=0.5),
    "variational": Recurrent(variational=0.5),
    "zoneout": Recurrent(zoneout_cell=0.4, zoneout_output=0.3),
    "zoneout of the cell": Recurrent(zoneout_cell=0.4),
    "zoneout of the output": Recurrent(zoneout_output=0.4),
    "everything": Recurrent(0.3, 0.2, 0.4, 0.3),
}
MEMBERS = [
    (path.name, cell, activation, noise)
    for path in PATHS
    for cell in CELLS
    for activation in ACTIVATIONS
    for noise, given in NOISES.items()
    if (CELLS[cell].has_c or not given.zoneout_cell)
    and not path.refuses(Case(cell, activation, torch.float64, regularised=noise != "dropconnect"))
]
Read = Callable[..., tuple[Tensor, LSTMState]]
Make = Callable[..., LSTM]


def normal(*shape: int, seed: int = 7) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def equal(left: object, right: object) -> None:
    torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-12)


@pytest.fixture(params=MEMBERS, ids=" ".join)
def noisy(request: pytest.FixtureRequest) -> Make:
    path, cell, activation, noise = request.param

    def layer(**form: object) -> LSTM:
        torch.manual_seed(0)
        made = LSTM(I, H, cell=cell, activation=activation, regularize=NOISES[noise], **form).double()
        with torch.no_grad():
            for name, value in made.named_parameters():
                if name[0] in "bE":
                    value.add_(0.3 * torch.randn_like(value))
        return made

    with using(path):
        yield layer


@pytest.fixture(params=[{}, {"num_layers": 2, "bidirectional": True}, {"proj_size": 2, "bidirectional": True}], ids=str)
def form(request: pytest.FixtureRequest) -> dict[str, object]:
    return request.param


def begin(layer: LSTM) -> LSTMState:
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    return LSTMState(
        normal(count, B, layer.proj_size or H, seed=8), normal(count, B, H * CELLS[layer.cell].has_c, seed=9)
    )


def test_equals_the_reference_gradients_included(noisy: Make, read: Read, form: dict[str, object]):
    if "proj_size" in form and not CELLS[noisy().cell].has_c:
        pytest.skip("this cell has no projection")
    layer, x = noisy(**form), normal(T, B, I).requires_grad_()
    state = LSTMState(*(value.requires_grad_() for value in begin(layer)))
    inputs = [x, *state, *layer.parameters()]

    def everything() -> tuple[Tensor, ...]:
        torch.manual_seed(3)
        output, last = read(layer, x, state, LENGTHS)
        total = (output * normal(*output.shape)).sum() + last.h.square().sum() + last.c.sin().sum()
        return output, *last, *torch.autograd.grad(total, inputs)

    for training in (True, False):
        layer.train(training)
        ours = everything()
        with using("reference"):
            equal(ours, everything())


def test_noise_repeats_with_the_seed_and_differs_without(noisy: Make, read: Read):
    layer, x = noisy(num_layers=2, bidirectional=True), normal(T, B, I)
    torch.manual_seed(5)
    one, other = read(layer, x)[0], read(layer, x)[0]
    assert not torch.equal(one, other)
    torch.manual_seed(5)
    assert torch.equal(read(layer, x)[0], one)
    layer.eval()
    assert torch.equal(read(layer, x)[0], read(layer, x)[0])


def test_rows_steps_and_trace_agree_in_evaluation(noisy: Make, read: Read, gaps: Callable):
    layer, x = noisy(num_layers=2).eval(), normal(T, B, I)
    output, last = read(layer, x, begin(layer), LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone, end = read(layer, x[:length, row], LSTMState(*(value[:, row] for value in begin(layer))))
        equal((output[:length, row], last.h[:, row], last.c[:, row]), (alone, *end))
    whole, last = read(layer, x)
    state, between = None, gaps(layer, x)
    for t in range(T):
        y, state = layer.step(x[t], state, None if between is None else between[t])
        equal(y, whole[t])
    equal(tuple(state), tuple(last))
    equal(layer.trace(x, None, None, between).h[:, -1], whole)


def test_the_trace_is_noisy_as_the_output(noisy: Make, read: Read, gaps: Callable):
    layer, x = noisy(num_layers=2), normal(T, B, I)
    torch.manual_seed(5)
    output, _ = read(layer, x, None, LENGTHS)
    torch.manual_seed(5)
    equal(layer.trace(x, None, LENGTHS, gaps(layer, x)).h[:, -1], output)


@pytest.mark.parametrize("noisy", [m for m in MEMBERS if m[3] == "everything"], ids=" ".join, indirect=True)
def test_gradients_are_the_slopes(noisy: Make, gaps: Callable):
    layer, x = noisy(), normal(3, 2, I)
    between, start = gaps(layer, x), [value[:, :2] for value in begin(layer)]
    names = [name for name, _ in layer.named_parameters()]

    def run(x: Tensor, h: Tensor, c: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        torch.manual_seed(1)
        given = dict(zip(names, weights, strict=True))
        output, last = torch.func.functional_call(layer, given, (x, (h, c), torch.tensor([3, 2]), between))
        return (output, *last) if c.numel() else (output, last.h)

    inputs = [value.detach().clone().requires_grad_() for value in (x, *start, *layer.parameters())]
    assert torch.autograd.gradcheck(run, inputs)


def hand(layer: LSTM, x: Tensor, state: LSTMState, keep_c: Tensor, keep_h: Tensor) -> list[LSTMState]:
    """The lstm with given coins, step by step, in plain tensors."""
    W, R, b, _, _ = layer.weights(0)
    h, c, states = state.h[0], state.c[0], []
    for t in range(len(x)):
        i, f, g, o = (x[t] @ W.T + h @ R.T + b).split(H, dim=1)
        new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        new_h = o.sigmoid() * new_c.tanh()  # of the new cell, kept or not
        c, h = torch.where(keep_c[t], c, new_c), torch.where(keep_h[t], h, new_h)
        states.append(LSTMState(h, c))
    return states


@pytest.mark.parametrize("path", [path.name for path in PATHS])
def test_zoneout_keeps_what_its_coins_say(path: str):
    if next(p for p in PATHS if p.name == path).refuses(Case(dtype=torch.float64, regularised=True)):
        pytest.skip(f"{path} has no zoneout")
    layer = LSTM(I, H, regularize=Recurrent(zoneout_cell=0.4, zoneout_output=0.3)).double()
    x, state = normal(T, B, I), begin(layer)
    torch.manual_seed(11)
    seed = int(torch.randint(2**63 - 1, ()))
    keep_c, keep_h = keeps(0.4, seed, CELL, (T, B, H), "cpu"), keeps(0.3, seed, OUTPUT, (T, B, H), "cpu")
    assert 0.2 < keep_c.double().mean() < 0.6
    torch.manual_seed(11)
    with using(path):
        output, last = layer(x, state)
    states = hand(layer, x, state, keep_c, keep_h)
    equal(output, torch.stack([state.h for state in states]))
    equal((last.h[0], last.c[0]), tuple(states[-1]))


def test_zoneout_in_evaluation_is_the_mean_over_coins_of_one_step():
    layer = LSTM(I, H, regularize=Recurrent(zoneout_cell=0.4, zoneout_output=0.3)).double()
    x, state = normal(1, B, I), begin(layer)
    torch.manual_seed(0)
    with torch.no_grad():
        draws = [layer(x, state)[1] for _ in range(4000)]
        mean = layer.eval()(x, state)[1]
    for name in ("h", "c"):
        drawn = torch.stack([getattr(draw, name) for draw in draws])
        apart = (drawn.mean(0) - getattr(mean, name)).abs()
        assert (apart < 5 * drawn.std(0) / 4000**0.5 + 1e-12).all()


def test_variational_masks_are_one_a_row_and_sequence():
    torch.manual_seed(0)
    layer = LSTM(I, H, regularize=Recurrent(variational=0.5)).double()
    with torch.no_grad():
        layer.weights(0).R.zero_()  # the mask on h has nothing to act on: what is left is the mask on x
    x = torch.ones(1, B, I, dtype=torch.float64).expand(T, B, I)
    with torch.no_grad():
        trace = layer.trace(x)
        assert torch.equal(trace.i, trace.i[:1].expand_as(trace.i))  # the same at every step
        assert len(torch.unique(trace.i[0, 0], dim=0)) > 1  # not the same for every row
        W, _, b, _, _ = layer.weights(0)
        possible = [torch.tensor(list(map(float, f"{n:03b}")), dtype=torch.float64) for n in range(8)]
        for row in range(B):
            expected = [(W @ (2 * mask) + b).sigmoid()[:H] for mask in possible]
            assert any(torch.allclose(trace.i[0, 0, row], value) for value in expected)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_mask_on_h_is_one_a_sequence_and_lies_before_r_alone(cell: str):
    torch.manual_seed(0)
    layer = LSTM(I, H, cell=cell, regularize=Recurrent(variational=0.5)).double()
    x, state = torch.zeros(T, B, I, dtype=torch.float64), begin(layer)
    with torch.no_grad():
        trace = layer.trace(x, state)
        _, R, b, _, _ = layer.weights(0)
        before = torch.cat([state.h, trace.h[:-1, 0]])
        masks = 2 * torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * H)
        found = set()
        for row in range(B):
            first = [(before[:, row] * mask @ R[:H].T + b[:H]).sigmoid() for mask in masks]
            fits = [torch.allclose(trace[0][:, 0, row], gate) for gate in first]
            assert sum(fits) == 1  # the same mask at every step
            found.add(fits.index(True))
            if cell == "gru":  # what is kept is not masked
                _, z, n, h = (value[:, 0, row] for value in trace)
                equal(h, (1 - z) * n + z * before[:, row])
    assert len(found) > 1


def test_dropconnect_drops_entries_of_r_and_scales_the_others():
    torch.manual_seed(0)
    layer = LSTM(I, 1, regularize=Recurrent(dropconnect=0.25)).double()
    x, state = torch.zeros(1, 1, I, dtype=torch.float64), LSTMState(*torch.ones(2, 1, 1, 1, dtype=torch.float64))
    R = layer.weights(0).R[:, 0]
    seen = set()
    for _ in range(100):
        trace = layer.trace(x, state)
        for gate, (name, value) in enumerate(zip("ifo", (trace.i, trace.f, trace.o), strict=True)):
            row = {"i": 0, "f": 1, "o": 3}[name]
            through = value.item()
            shut, opened = (layer.weights(0).b[row] + scale * R[row] for scale in (0, 4 / 3))
            assert through == pytest.approx(shut.sigmoid().item()) or through == pytest.approx(opened.sigmoid().item())
            seen.add((gate, through == pytest.approx(shut.sigmoid().item())))
    assert len(seen) == 6  # each of the three, dropped and kept


def test_no_share_is_no_noise():
    plain, x = LSTM(I, H, 2), torch.randn(T, B, I)
    same = LSTM(I, H, 2, regularize=Recurrent())
    same.load_state_dict(plain.state_dict())
    assert torch.equal(plain(x)[0], same(x)[0])
    assert torch.equal(plain.trace(x).c, same.trace(x).c)


@pytest.mark.parametrize("name", ["dropconnect", "variational", "zoneout_cell", "zoneout_output"])
@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_is_a_share(name: str, share: float):
    with pytest.raises(InputError, match=f"{name} is {share}, and must be a share"):
        Recurrent(**{name: share})


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_a_cell_without_a_cell_value_keeps_none(cell: str):
    with pytest.raises(InputError, match=f"zoneout_cell needs a cell value beside the output, and the {cell} cell has"):
        LSTM(I, H, cell=cell, regularize=Recurrent(zoneout_cell=0.1))
    with pytest.raises(InputError, match="proj_size needs a cell value"):
        LSTM(I, H, cell=cell, proj_size=2)
