import pytest
import safetensors.torch
import torch
from torch import nn

from recollect.core.errors import ArtifactError
from recollect.train import checkpoint
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
    moments = old.optimizer.state_dict()["state"]
    for index, values in new.optimizer.state_dict()["state"].items():
        assert set(values) == {"step", "exp_avg", "exp_avg_sq"}
        for name, value in values.items():
            assert torch.equal(value, moments[index][name])


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "c"
    checkpoint.save(trained(), path, seed=4)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ArtifactError, match=r"cannot read the checkpoint .*delete it"):
        checkpoint.load(trained(), path, seed=4)


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
