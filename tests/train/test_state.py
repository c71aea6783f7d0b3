import torch
from torch import nn

from recollect.train.plan import Plan
from recollect.train.state import State, copied


def test_copies_share_no_memory_even_of_tied_weights():
    module = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    module["b"].weight = module["a"].weight
    copies = copied(module)
    assert len({value.data_ptr() for value in copies.values()}) == 4
    with torch.no_grad():
        module["a"].weight.add_(1)
    assert not torch.equal(copies["a.weight"], module["a"].weight)


def test_weights_decay_and_biases_do_not():
    state = State(nn.Linear(2, 2), Plan(weight_decay=0.5))
    before = copied(state.module)
    for parameter in state.module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    state.step(0.1)
    after = state.module.state_dict()
    torch.testing.assert_close(after["weight"], before["weight"] * 0.95)
    assert torch.equal(after["bias"], before["bias"])


def test_the_weights_come_back_after_a_look_at_the_average():
    state = State(nn.Linear(2, 2), Plan(average=0.9))
    with torch.no_grad():
        state.module.weight.add_(1)
    moved = copied(state.module)
    with state.averaged():
        torch.testing.assert_close(state.module.weight, moved["weight"] - 1)
    assert torch.equal(state.module.weight, moved["weight"])


def test_frozen_parameters_stay():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    module[0].requires_grad_(False)
    assert len(State(module, Plan()).parameters) == 2
