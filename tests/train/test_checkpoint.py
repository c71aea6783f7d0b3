import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

import recollect
from recollect.core.errors import ArtifactError, OutputError
from recollect.train import checkpoint
from recollect.train.loop import fit
from recollect.train.plan import Plan
from recollect.train.state import State


def trained() -> State:
    state = State(nn.Linear(3, 2), Plan(average=0.9))
    for value in (0.5, -0.25):
        for parameter in state.module.parameters():
            parameter.grad = torch.full_like(parameter, value)
        state.step(0.1)
    state.record.epochs, state.record.validations = 2, [(0, 3.0), (2, 1.5)]
    state.keep()
    state.step(0.1)
    return state


def test_everything_that_training_changes_comes_back(tmp_path):
    old, new = trained(), State(nn.Linear(3, 2), Plan(average=0.9))
    checkpoint.save(old, tmp_path / "c", seed=4)
    checkpoint.load(new, tmp_path / "c", seed=4)
    assert new.record == old.record
    for name, value in old.module.state_dict().items():
        assert torch.equal(new.module.state_dict()[name], value)
        assert torch.equal(new.best[name], old.best[name])
    for left, right in zip(new.average, old.average, strict=True):
        assert torch.equal(left, right)
    assert set(new.moments) == {"first", "second", "steps"}
    for kind, values in new.moments.items():
        for left, right in zip(values, old.moments[kind], strict=True):
            assert torch.equal(left, right) and left.any()


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "c"
    checkpoint.save(trained(), path, seed=4)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ArtifactError, match=r"cannot read the checkpoint .*delete it"):
        checkpoint.load(trained(), path, seed=4)


def test_so_is_one_in_which_a_bit_has_turned_over(tmp_path):
    path = tmp_path / "c"
    checkpoint.save(trained(), path, seed=4)
    whole = path.read_bytes()
    for place in (whole.index(b"losses") + 12, len(whole) - 3):  # in the record, and in a weight
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        for read in (checkpoint.peek, lambda path: checkpoint.load(trained(), path, seed=4)):
            with pytest.raises(ArtifactError, match=r"does not hold what was written; delete it|cannot read"):
                read(path)


def test_one_can_be_asked_how_far_its_run_is(tmp_path):
    old = trained()
    checkpoint.save(old, tmp_path / "c", seed=4)
    assert checkpoint.peek(tmp_path / "c") == old.record


def test_the_time_limit_may_differ_from_sitting_to_sitting(tmp_path):
    old = trained()
    old.record.seconds = 9.0
    checkpoint.save(old, tmp_path / "c", seed=4)
    new = State(nn.Linear(3, 2), Plan(average=0.9, max_time=60.0, checkpoint_every=1))
    checkpoint.load(new, tmp_path / "c", seed=4)
    assert new.record.seconds == 9.0 and new.plan.max_time == 60.0


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "c"
    safetensors.torch.save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(ArtifactError, match="not a recollect checkpoint 1"):
        checkpoint.load(trained(), path, seed=4)


def test_another_module_is_refused(tmp_path):
    path = tmp_path / "c"
    checkpoint.save(trained(), path, seed=4)
    with pytest.raises(ArtifactError, match=r"its weights is .* asked for is"):
        checkpoint.load(State(nn.Linear(3, 4), Plan(average=0.9)), path, seed=4)


X = torch.linspace(-1, 1, 24).reshape(6, 4)


def squared(module: nn.Module, batch: Tensor) -> Tensor:
    return (module(batch) - batch[:, :1]).square().mean()


def batches(epoch: int) -> list[Tensor]:
    return [X, X + epoch]


def error(module: nn.Module) -> float:
    return squared(module, X).item()


def same(left: nn.Module, right: nn.Module) -> bool:
    values = zip(left.state_dict().values(), right.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in values)


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from torch import nn
from recollect.train.loop import fit
from recollect.train.plan import Plan

def train(checkpoint, die_in=0):
    generator = torch.Generator().manual_seed(3)
    module = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1))
    for parameter in module.parameters():
        nn.init.normal_(parameter, generator=generator)
    def batches(epoch):
        draw = torch.Generator().manual_seed(epoch)
        for step in range(5):
            if (epoch, step) == (die_in, 3):
                os.kill(os.getpid(), signal.SIGKILL)
            yield torch.randn(6, 4, generator=draw)
    plan = Plan(max_epochs=7, steps_per_epoch=5, average=0.9, checkpoint_every=0)
    record = fit(module, batches, lambda m, x: (m(x) - x[:, :1]).square().mean(), plan=plan, seed=1,
                 validate=lambda m: m(torch.ones(2, 4)).square().mean().item(), checkpoint=checkpoint)
    return module, record

if __name__ == "__main__":
    train(Path(sys.argv[1]), die_in=4)
"""


def test_a_killed_run_goes_on_to_the_same_bits(tmp_path):
    script, checkpoint = tmp_path / "killed.py", tmp_path / "run.safetensors"
    script.write_text(KILLED)
    path = str(Path(recollect.__file__).parents[1])
    done = subprocess.run([sys.executable, str(script), str(checkpoint)], env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == -signal.SIGKILL
    train = runpy.run_path(str(script))["train"]
    whole, expected = train(None)
    resumed, record = train(checkpoint)
    assert same(resumed, whole)
    assert (record.losses, record.validations) == (expected.losses, expected.validations)
    assert (record.best_epoch, record.steps, record.stopped) == (expected.best_epoch, 35, "done")
    again, record = train(checkpoint)  # the run has ended: nothing is left to do
    assert same(again, whole) and record.steps == 35


def test_a_run_broken_before_its_first_epoch_is_judged_once(tmp_path):
    def interrupted(module: nn.Module, batch: Tensor) -> Tensor:
        raise KeyboardInterrupt

    path = tmp_path / "run.safetensors"
    plan = Plan(max_epochs=2)
    fit(nn.Linear(4, 1), batches, interrupted, plan=plan, seed=1, validate=error, checkpoint=path)
    record = fit(nn.Linear(4, 1), batches, squared, plan=plan, seed=1, validate=error, checkpoint=path)
    assert [epoch for epoch, _ in record.validations] == [0, 1, 2]


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    fit(nn.Linear(4, 1), batches, squared, plan=Plan(max_epochs=1), seed=1, checkpoint=path)
    with pytest.raises(ArtifactError, match="max_epochs is 1, asked for is 2"):
        fit(nn.Linear(4, 1), batches, squared, plan=Plan(max_epochs=2), seed=1, checkpoint=path)
    with pytest.raises(ArtifactError, match="seed is 1, asked for is 2"):
        fit(nn.Linear(4, 1), batches, squared, plan=Plan(max_epochs=1), seed=2, checkpoint=path)


def test_a_checkpoint_that_cannot_be_written_is_known_before_training(tmp_path):
    def never(module: nn.Module, batch: Tensor) -> Tensor:
        raise AssertionError("trained first")

    with pytest.raises(OutputError, match="cannot write"):
        fit(nn.Linear(4, 1), batches, never, plan=Plan(), seed=1, checkpoint=tmp_path / "missing" / "run.safetensors")
