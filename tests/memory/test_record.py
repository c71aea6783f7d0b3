"""A record is the trace, whatever it was cut into and wherever it lies."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from recollect.core.errors import ArtifactError, InputError, OutputError, ShapeError
from recollect.core.state import LSTMState
from recollect.kernels.dispatch import using
from recollect.memory import Recording, record
from recollect.nn import LSTM, Recurrent
from recollect.nn.cells import CELLS

Make = Callable[..., LSTM]
Normal = Callable[..., Tensor]


def same(found: Recording, trace: dict[str, Tensor], exact: bool) -> None:
    for name, value in trace.items():
        other = torch.from_numpy(np.array(found[name]))
        tolerance = {"rtol": 0, "atol": 0} if exact else {"rtol": 1e-5, "atol": 1e-6}
        torch.testing.assert_close(other, value, **tolerance)


@pytest.mark.parametrize("form", [{}, {"batch_first": True}, {"num_layers": 2}, {"input_size": 40, "hidden_size": 70}])
def test_a_stream_cut_anyhow_is_the_whole_trace_to_the_bit(
    cell: str, form: dict, make: Make, normal: Normal, gaps, exact, small_pieces, tmp_path: Path
):
    layer = make(cell, **form)
    x = normal(203, 2, layer.input_size)
    between = gaps(layer, x)
    if layer.batch_first:
        x, between = x.swapaxes(0, 1), None if between is None else between.swapaxes(0, 1)
    whole, time = layer.trace(x, gaps=between)._asdict(), int(layer.batch_first)
    small_pieces(4 * 6 * 2 * layer.num_layers * layer.hidden_size * 20)
    same(record(layer, x, gaps=between), whole, exact(layer))
    cuts = (1, 1, 5, 90, 0, 100, 6)
    parts = [None if v is None else v.split(cuts, dim=time) for v in (x, between)]
    same(record(layer, iter(parts[0]), gaps=parts[1], folder=tmp_path / "record"), whole, exact(layer))


def test_the_record_equals_the_reference_in_float64(cell: str, make: Make, normal: Normal, gaps):
    layer, x = make(cell, num_layers=2), normal(60, 3, 3)
    found = record(layer, x, gaps=gaps(layer, x))
    with using("reference"):
        true = copy.deepcopy(layer).double().trace(x.double(), gaps=gaps(layer, x.double()))._asdict()
    for name, value in true.items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], value.numpy(), rtol=1e-6, atol=1e-5)


def test_gates_are_shares(cell: str, make: Make, normal: Normal, gaps):
    layer, x = make(cell), 3 * normal(200, 3)
    found = record(layer, x, gaps=gaps(layer, x))
    for name in {"i", "f", "o", "r", "z"} & found.values.keys():
        assert (found[name] > 0).all() and (found[name] < 1).all()
        assert found[name].min() < 0.3 and found[name].max() > 0.7  # before activation they would not be in there


@pytest.mark.parametrize("zoneout", [0.0, 0.3])
def test_what_is_kept_and_what_is_written_make_the_memory(gated: str, zoneout: float, make: Make, normal: Normal, gaps):
    noise = Recurrent(zoneout_cell=zoneout) if CELLS[gated].has_c else Recurrent(zoneout_output=zoneout)
    layer, x = make(gated, num_layers=2, regularize=noise), normal(50, 2, 3)
    found = record(layer, x, gaps=gaps(layer, x))
    memory = found.read(found.memory, 0, 50)
    written = (1 - found["z"]) * found["n"] if gated == "gru" else found["i"] * found["g"]
    made = found.keep(1, 50) * memory[:-1] + (1 - zoneout) * written[1:]
    np.testing.assert_allclose(memory[1:], made, rtol=0, atol=1e-6)


def test_one_row_a_state_to_begin_with_and_an_array_of_any_kind(make: Make, normal: Normal, tmp_path: Path):
    layer, x = make("lstm").train(), normal(40, 3)
    found = record(layer, x)
    assert found.shape == (40, 1, 1, 4) and len(found) == 40 and layer.training
    later = record(layer, x[25:], state=LSTMState(*(torch.from_numpy(found[name][24]) for name in "hc")))
    np.testing.assert_array_equal(later["o"], found["o"][25:])
    np.save(tmp_path / "x.npy", x.numpy().astype(np.float64))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(record(layer, mapped)["c"], found["c"])
    np.testing.assert_allclose(found.mean("c"), found["c"].mean((0, 2)), rtol=1e-6)


def test_a_layer_in_training_is_read_as_it_will_be_used(make: Make, normal: Normal):
    layer, x = make("lstm", num_layers=2, dropout=0.5, regularize=Recurrent(dropconnect=0.5)), normal(40, 3)
    found = record(layer.train(), x)
    same(found, {"h": layer.eval().trace(x[:, None]).h}, exact=False)


def test_files_are_read_when_asked_for_and_opened_again(make: Make, normal: Normal, tmp_path: Path):
    layer, x = make("decay", proj_size=2), normal(30, 2, 3)
    found = record(layer, x, gaps=x[..., 0].abs(), folder=tmp_path / "deep" / "record")
    assert isinstance(found["f"], np.memmap) and found["h"].shape == (30, 1, 2, 2)
    again = Recording.open(str(tmp_path / "deep" / "record"))
    assert again == found and list(again.values) == ["i", "f", "g", "o", "c", "h", "gamma"]


def test_a_record_that_fails_leaves_nothing_and_what_was_there(make: Make, normal: Normal, tmp_path: Path):
    layer, place = make("lstm"), tmp_path / "record"
    record(layer, normal(30, 3), folder=place)
    before = {path.name: path.read_bytes() for path in place.iterdir()}

    def chunks():
        yield normal(30, 3)
        raise TimeoutError("the line is cut")  # an OSError, and not of the disk

    with pytest.raises(TimeoutError, match="cut"):
        record(layer, chunks(), folder=place)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert list(tmp_path.iterdir()) == [place]


def test_a_disk_that_is_full_is_said(make: Make, normal: Normal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(file, about):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", full)
    with pytest.raises(OutputError, match=r"cannot write the recording to .*: No space left"):
        record(make("lstm"), normal(30, 3), folder=tmp_path / "record")
    assert not list(tmp_path.iterdir())


def test_a_source_may_write_every_chunk_into_the_same_array(make: Make, normal: Normal):
    layer, x = make("lstm"), normal(60, 3).numpy()

    def chunks():
        buffer = np.empty((7, 3), np.float32)
        for start in range(0, 60, 7):
            part = x[start : start + 7]
            buffer[: len(part)] = part
            yield buffer[: len(part)]
        buffer[:] = np.nan

    np.testing.assert_array_equal(record(layer, chunks())["c"], record(layer, x)["c"])


def test_a_folder_that_is_no_recording_is_refused(make: Make, normal: Normal, tmp_path: Path):
    with pytest.raises(ArtifactError, match="no recording"):
        Recording.open(tmp_path)
    record(make("lstm"), normal(30, 3), folder=tmp_path)
    np.save(tmp_path / "f.npy", np.zeros((29, 1, 1, 4), np.float32))
    with pytest.raises(ArtifactError, match="record it again"):
        Recording.open(tmp_path)
    (tmp_path / "f.npy").write_bytes(b"")
    with pytest.raises(ArtifactError, match="no recording"):
        Recording.open(tmp_path)
    (tmp_path / "recording.json").write_text(json.dumps(["f"]), encoding="utf-8")
    with pytest.raises(ArtifactError, match="no recording"):
        Recording.open(tmp_path)


def test_what_cannot_be_recorded_is_said(make: Make, normal: Normal, tmp_path: Path):
    with pytest.raises(InputError, match=r"bidirectional: use LSTM\.trace"):
        record(make("lstm", bidirectional=True), normal(5, 3))
    for nothing in (normal(0, 3), iter([])):
        with pytest.raises(InputError, match="no step"):
            record(make("lstm"), nothing)
    with pytest.raises(ShapeError, match=r"\[5\], and must be \[T, B, I\]"):
        record(make("lstm"), normal(5))
    with pytest.raises(ShapeError, match=r"\[4\], and must have \[5\]"):
        record(make("decay"), normal(5, 3), gaps=torch.zeros(4))
    with pytest.raises(InputError, match="gaps come in more chunks"):
        record(make("decay"), [normal(5, 3)], gaps=[torch.zeros(5)] * 2)
    with pytest.raises(InputError, match="no 'f': h"):
        record(make("rnn"), normal(5, 3))["f"]
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="it is a file"):
        record(make("lstm"), normal(5, 3), folder=tmp_path / "file")
