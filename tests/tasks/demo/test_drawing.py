import numpy as np
import pytest

from recollect.core.errors import OutputError
from recollect.tasks.demo.data import make
from recollect.tasks.demo.drawing import draw, studio
from recollect.train.record import Record

RECORD = Record(epochs=1, losses=[0.5], validations=[(0, 2.0), (1, 0.3)], best_epoch=1)


def test_the_other_process_draws_what_this_one_would(tmp_path):
    with studio() as ask:
        ask("learning", tmp_path / "there.png", RECORD)
        ask("overview", tmp_path / "series.png", make("sine", 0))
    draw("learning", tmp_path / "here.png", RECORD)
    assert (tmp_path / "there.png").read_bytes() == (tmp_path / "here.png").read_bytes()
    assert (tmp_path / "series.png").exists()


def test_what_goes_wrong_there_is_raised_here(tmp_path):
    with pytest.raises(OutputError, match="cannot write"), studio() as ask:
        ask("learning", tmp_path / "missing" / "x.png", RECORD)


def test_an_error_here_is_not_hidden_by_pictures_that_wait(tmp_path):
    with pytest.raises(ZeroDivisionError), studio() as ask:
        ask("gates", tmp_path / "gates.png", np.zeros(50), {name: np.zeros((50, 2)) for name in "ifgoch"})
        raise ZeroDivisionError
