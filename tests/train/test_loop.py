import itertools
import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from recollect.core.errors import InputError, TrainingError
from recollect.train import loop
from recollect.train.loop import fit
from recollect.train.plan import Plan

Batch = tuple[Tensor, Tensor]
X = torch.linspace(-1, 1, 64).reshape(16, 4)
Y = X @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]]) + 0.25


def batches(epoch: int) -> list[Batch]:
    order = torch.randperm(16, generator=torch.Generator().manual_seed(epoch))
    return [(X[rows], Y[rows]) for rows in order.split(4)]


def squared(module: nn.Module, batch: Batch) -> Tensor:
    return (module(batch[0]) - batch[1]).square().mean()


def error(module: nn.Module) -> float:
    return squared(module, (X, Y)).item()


def network(dropout: float = 0.0) -> nn.Sequential:
    generator = torch.Generator().manual_seed(5)
    module = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1))
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5, generator=generator)
    return module


def bits(module: nn.Module) -> list[Tensor]:
    return [value.clone() for value in module.state_dict().values()]


def same(left: list[Tensor], right: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def test_finds_the_least_squares_solution():
    module = nn.Linear(4, 1)
    record = fit(module, batches, squared, plan=Plan(max_epochs=300, learning_rate=0.05, weight_decay=0), seed=1)
    assert error(module) < 1e-6
    assert (record.stopped, record.epochs, record.steps) == ("done", 300, 1200)
    assert len(record.losses) == 300 and record.losses[0] > record.losses[-1]
    assert not module.training


def test_equals_the_same_algorithm_written_plainly():
    plan = Plan(max_epochs=2, learning_rate=0.1, weight_decay=0.1, clip_norm=0.5, warmup=0.4)
    module, twin = network(), network()
    fit(module, batches, squared, plan=plan, seed=1)
    matrices, vectors = [twin[0].weight, twin[3].weight], [twin[0].bias, twin[3].bias]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, foreach=False)
    for step, batch in enumerate(batches(1) + batches(2)):
        progress = (step + 0.5) / 8
        rise, fall = progress / 0.4, 0.5 + 0.5 * math.cos(math.pi * (progress - 0.4) / 0.6)
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * (rise if progress < 0.4 else fall)
        optimizer.zero_grad()
        squared(twin, batch).backward()
        norm = math.sqrt(sum(p.grad.square().sum().item() for p in twin.parameters()))
        for parameter in twin.parameters():
            parameter.grad *= min(1.0, 0.5 / norm)
        optimizer.step()
    for ours, plain in zip(module.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-6)


def test_keeps_the_untrained_start_where_training_only_harms():
    module = network()
    before = bits(module)
    record = fit(module, batches, lambda m, b: -squared(m, b), plan=Plan(max_epochs=3), seed=1, validate=error)
    assert same(bits(module), before)
    assert record.best_epoch == 0
    assert [epoch for epoch, _ in record.validations] == [0, 1, 2, 3]
    assert record.best == record.validations[0][1] == pytest.approx(error(module))


def test_stops_once_the_validation_is_good_enough():
    values = iter([5.0, 3.0, 2.0, 1.0])
    record = fit(network(), batches, squared, plan=Plan(enough=2.0), seed=1, validate=lambda module: next(values))
    assert (record.stopped, record.epochs, record.best_epoch) == ("enough", 2, 2)


def test_keeps_the_best_epoch_and_stops_when_patience_ends():
    values = iter([5.0, 3.0, 4.0, 4.0, 1.0])
    seen: list[list[Tensor]] = []

    def validate(module: nn.Module) -> float:
        seen.append(bits(module))
        return next(values)

    module = network()
    record = fit(module, batches, squared, plan=Plan(patience=2), seed=1, validate=validate)
    assert (record.stopped, record.epochs, record.best_epoch) == ("patience", 3, 1)
    assert same(bits(module), seen[1])


def test_validates_every_so_many_epochs_and_at_the_end():
    plan = Plan(max_epochs=5, validate_every=2)
    record = fit(network(), batches, squared, plan=plan, seed=1, validate=error)
    assert [epoch for epoch, _ in record.validations] == [0, 2, 4, 5]


def test_one_seed_gives_one_result_whatever_was_drawn_before():
    def train(seed: int) -> list[Tensor]:
        module = network(dropout=0.3)
        fit(module, batches, squared, plan=Plan(max_epochs=3), seed=seed)
        return bits(module)

    first = train(1)
    assert same(first, train(1))
    assert not same(first, train(2))


def test_the_global_generator_stays_as_it_was():
    module, before = network(dropout=0.3), torch.get_rng_state()
    fit(module, batches, squared, plan=Plan(max_epochs=3), seed=1, validate=error)
    assert torch.equal(torch.get_rng_state(), before)


def test_validation_is_without_gradient_and_dropout_and_does_not_change_training():
    def validate(module: nn.Module) -> float:
        assert not module.training and not torch.is_grad_enabled()
        return float(torch.rand(())) - 1e9  # draws, and is anything: the last one may not be kept

    modules = [network(dropout=0.3), network(dropout=0.3)]
    plain = fit(modules[0], batches, squared, plan=Plan(max_epochs=3), seed=1)
    judged = fit(modules[1], batches, squared, plan=Plan(max_epochs=3), seed=1, validate=validate)
    assert plain.losses == judged.losses


def test_the_average_of_the_weights_is_what_is_judged_and_kept():
    trail: list[Tensor] = []

    def watching(module: nn.Module, batch: Batch) -> Tensor:
        trail.append(module.weight.detach().clone())
        return squared(module, batch)

    judged: list[Tensor] = []

    def validate(module: nn.Module) -> float:
        judged.append(module.weight.detach().clone())
        return -float(len(judged))

    module = nn.Linear(4, 1)
    plan = Plan(max_epochs=4, average=0.5, steps_per_epoch=1)
    fit(module, batches, watching, plan=plan, seed=1, validate=validate)
    average = trail[0]
    for step, weight in enumerate(trail[1:], start=1):
        decay = min(0.5, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weight
        torch.testing.assert_close(judged[step], average)
    assert torch.equal(module.weight, judged[-1])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_stops_at_a_loss_that_is_not_finite_with_the_best_so_far(bad):
    steps = itertools.count(1)
    kept: list[list[Tensor]] = []

    def breaking(module: nn.Module, batch: Batch) -> Tensor:
        return squared(module, batch) * (bad if next(steps) == 11 else 1.0)

    def validate(module: nn.Module) -> float:
        kept.append(bits(module))
        return -float(len(kept))

    module = network()
    with pytest.raises(TrainingError, match=r"epoch 3, step 11: the loss is (nan|inf) .*learning rate of .*epoch 2"):
        fit(module, batches, breaking, plan=Plan(max_epochs=9), seed=1, validate=validate)
    assert same(bits(module), kept[2]) and not module.training


def test_stops_at_a_gradient_that_is_not_finite():
    def cliff(module: nn.Module, batch: Batch) -> Tensor:
        return (module.weight * 0).sum().sqrt()  # the value is 0, the slope infinite

    with pytest.raises(TrainingError, match=r"the loss is 0 and the gradient's norm (nan|inf)"):
        fit(nn.Linear(4, 1), batches, cliff, plan=Plan(), seed=1)


def test_stops_at_a_validation_that_is_nan():
    with pytest.raises(TrainingError, match="validation after epoch 0 is nan"):
        fit(nn.Linear(4, 1), batches, squared, plan=Plan(), seed=1, validate=lambda module: math.nan)


def test_ctrl_c_keeps_the_best_so_far_and_a_second_one_is_raised():
    steps = itertools.count(1)

    def pressed(at: int) -> Callable[[nn.Module, Batch], Tensor]:
        def loss(module: nn.Module, batch: Batch) -> Tensor:
            if next(steps) == at:
                raise KeyboardInterrupt
            return squared(module, batch)

        return loss

    class AlsoWhenEnding:
        def start(self, max_epochs: int) -> None: ...
        def update(self, *args: object) -> None: ...
        def finish(self) -> None:
            raise KeyboardInterrupt

    module, twin = network(), network()
    record = fit(module, batches, pressed(at=11), plan=Plan(max_epochs=9), seed=1, validate=error)
    assert (record.stopped, record.epochs) == ("interrupted", 2)
    assert error(module) == record.best == min(value for _, value in record.validations)
    steps = itertools.count(1)
    with pytest.raises(KeyboardInterrupt):
        fit(twin, batches, pressed(at=11), plan=Plan(max_epochs=9), seed=1, progress=AlsoWhenEnding())


def test_the_cosine_ends_with_the_clock(monkeypatch):
    clock = itertools.count()  # each look at it costs a second
    rates: list[float] = []
    monkeypatch.setattr(loop.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(Plan, "rate", lambda self, progress: rates.append(progress) or 1e-3)
    record = fit(network(), batches, squared, plan=Plan(max_epochs=1000, max_time=200), seed=1, validate=error)
    assert record.stopped == "time"
    assert rates == sorted(rates) and 0.95 < rates[-1] <= 1.0
    assert record.seconds <= 210 and record.validations[-1][0] == record.epochs


def test_endless_batches_need_a_number_of_steps():
    def endless(epoch: int) -> Iterator[Batch]:
        return itertools.cycle(batches(epoch))

    record = fit(network(), endless, squared, plan=Plan(max_epochs=2, steps_per_epoch=3), seed=1)
    assert record.steps == 6
    with pytest.raises(InputError, match="steps_per_epoch"):
        fit(network(), endless, squared, plan=Plan(), seed=1)
    with pytest.raises(InputError, match="epoch 1 has no batches"):
        fit(network(), lambda epoch: [], squared, plan=Plan(), seed=1)


def test_a_module_without_anything_to_train_is_refused():
    with pytest.raises(InputError, match="Tanh has no parameter"):
        fit(nn.Tanh(), batches, squared, plan=Plan(), seed=1)
