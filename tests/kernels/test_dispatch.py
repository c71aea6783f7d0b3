import re

import pytest
import torch

from recollect.core.errors import InputError
from recollect.kernels.contract import Case
from recollect.kernels.dispatch import available, chosen, transformed, using


def test_the_last_path_serves_everything():
    for case in (Case(), Case(cell="another", activation="relu"), Case(projected=True)):
        assert available()[-1].refuses(case) == ""


@pytest.mark.parametrize(
    ("case", "name", "reason"),
    [
        (Case(), "compiled", "the fastest that serves this case"),
        (Case(activation="relu"), "compiled", "the fastest"),
        (Case(projected=True), "compiled", "the fastest"),
        (
            Case(dtype=torch.bfloat16),
            "aten",
            "compiled does not: the kernels compute float32 and float64 on a CPU, not",
        ),
        (Case(dtype=torch.bfloat16, projected=True), "reference", "aten does not: oneDNN has no projection"),
        (Case(transformed=True), "reference", "compiled does not: the kernels have no rule for vmap"),
        (Case(projected=True, device="cuda"), "aten", "fastest"),
    ],
)
def test_the_choice_says_why(case, name, reason):
    choice = chosen(case)
    assert choice.path.name == name
    assert re.search(reason, choice.reason)


def test_a_path_can_be_asked_for():
    with using("reference"):
        assert chosen(Case()).path.name == "reference"
        assert chosen(Case()).reason == "asked for by using()"
    assert chosen(Case()).path.name == "compiled"


def test_transforms_are_noticed():
    seen = []

    def look(x):
        seen.append(transformed())
        return x.sum()

    x = torch.ones(3)
    look(x)
    torch.func.grad(look)(x)
    torch.vmap(look)(x)
    with torch.autograd.forward_ad.dual_level():
        look(x)
    look(x)
    assert seen == [False, True, True, True, False]


def test_a_path_that_cannot_serve_says_so():
    with using("aten"), pytest.raises(InputError, match="aten does not: PyTorch has no fused lstm with relu"):
        chosen(Case(activation="relu"))
    with (
        pytest.raises(InputError, match="no LSTM path is called 'cudnn'; there are compiled, aten, reference"),
        using("cudnn"),
    ):
        pass
