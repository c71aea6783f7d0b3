import torch

from recollect.core.state import LSTMState


def test_a_state_unpacks_as_torch_users_expect():
    h, c = state = LSTMState(torch.zeros(1, 2, 3), torch.ones(1, 2, 3))
    assert h is state.h and c is state.c
