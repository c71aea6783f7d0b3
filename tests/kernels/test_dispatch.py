import re

import pytest
import torch

from recollect.core.errors import InputError
from recollect.kernels.contract import Case
from recollect.kernels.dispatch import available, chosen, using


def test_the_last_path_serves_everything():
    for case in (Case(), Case(cell="another", activation="relu"), Case(projected=True)):
        assert available()[-1].refuses(case) == ""


@pytest.mark.parametrize(
    ("case", "name", "reason"),
    [
        (Case(), "aten", "the fastest that serves this case"),
        (Case(activation="relu"), "reference", "aten does not: PyTorch has no fused lstm with relu"),
        (Case(projected=True), "reference", "aten does not: oneDNN has no projection"),
        (Case(projected=True, dtype=torch.float64), "aten", "fastest"),
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
    assert chosen(Case()).path.name == "aten"


def test_a_path_that_cannot_serve_says_so():
    with using("aten"), pytest.raises(InputError, match="aten does not: PyTorch has no fused lstm with relu"):
        chosen(Case(activation="relu"))
    with pytest.raises(InputError, match="no LSTM path is called 'cudnn'; there are aten, reference"), using("cudnn"):
        pass
