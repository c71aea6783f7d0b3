"""A saved model: the same bits back, and one clear error for every way it can be broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file, save_file

from recollect.core.errors import ArtifactError, OutputError
from recollect.tasks.forecast.estimator import Forecaster

FILES = ("history.safetensors", "manifest.json", "weights.safetensors")


def table(first: int, last: int, ahead: int = 0) -> pl.DataFrame:
    """Two shops from hour ``first`` to ``last`` and, with empty targets, ``ahead`` more."""
    random = np.random.default_rng(0)
    noise = random.normal(size=(2, 500))
    step = np.arange(first, last + ahead)
    parts = [
        pl.DataFrame(
            {
                "shop": name,
                "hour": step,
                "sold": np.where(step < last, scale * (5 + np.sin(step * np.pi / 3) + 0.2 * noise[n][step]), np.nan),
                "price": np.cos(step * np.pi / 7),
                "offer": np.where(step % 9 < 4, "yes", "no"),
                "visits": np.where(step < last, noise[n][step] + step % 6, np.nan),
                "town": town,
                "size": scale,
            }
        )
        for n, (name, town, scale) in enumerate((("a", "north", 1.0), ("b", "south", 100.0)))
    ]
    return pl.concat(parts).with_columns(pl.col("sold", "visits").fill_nan(None))


ROLES: dict[str, Any] = {
    "target": "sold", "time": "hour", "series": "shop", "known": ("price", "offer"), "past": ("visits",),
    "static": ("town", "size"),
}  # fmt: skip


@pytest.fixture(scope="module")
def trained() -> Forecaster:
    torch.set_num_threads(1)
    made = Forecaster(4, season=6, hidden_size=8, max_epochs=1, ensemble=2, levels=(50, 90), num_layers=2)
    return made.fit(table(0, 120, 4), **ROLES)


@pytest.fixture(scope="module")
def saved(trained: Forecaster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "deep" / "model"
    trained.save(folder)
    return folder


@pytest.fixture
def model(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


class TestTheSameBits:
    def test_predicting_at_once(self, trained: Forecaster, saved: Path) -> None:
        assert Forecaster.load(saved).predict().equals(trained.predict())

    def test_predicting_from_newer_rows(self, trained: Forecaster, saved: Path) -> None:
        newer = table(30, 140, 4)
        fresh = Forecaster.load(saved)
        assert fresh.predict(newer).equals(Forecaster.load(saved).predict(newer))
        kept = Forecaster(4)
        kept.settings, kept._model, kept._panel = trained.settings, trained.model, trained.panel
        assert kept.predict(newer).equals(fresh.predict(newer))

    def test_what_newer_rows_told(self, trained: Forecaster, tmp_path: Path) -> None:
        kept = Forecaster(4)
        kept.settings, kept._model, kept._panel = trained.settings, trained.model, trained.panel
        told = kept.predict(table(0, 140, 4))
        kept.save(tmp_path / "told")
        fresh = Forecaster.load(tmp_path / "told")
        assert fresh.predict().equals(told)
        assert not np.array_equal(fresh.model.calibration.correction, trained.model.calibration.correction)
        again = [one.predict(table(0, 160, 4)).drop("shop", "hour").to_numpy() for one in (kept, fresh)]
        assert np.allclose(*again, rtol=1e-6), "and goes on from there as if never saved"

    def test_updating(self, trained: Forecaster, saved: Path) -> None:
        kept = Forecaster(4)
        kept.settings, kept._model, kept._panel = trained.settings, trained.model, trained.panel
        fresh = Forecaster.load(saved)
        for last in (121, 130):
            rows = table(last - 1 if last == 121 else 121, last, 4)
            rows = rows.filter(pl.col("hour") >= (120 if last == 121 else 121))
            assert kept.update(rows).predict().equals(fresh.update(rows).predict())

    def test_saving_what_was_loaded(self, saved: Path, tmp_path: Path) -> None:
        Forecaster.load(saved).save(tmp_path / "again")
        for name in FILES:
            assert (tmp_path / "again" / name).read_bytes() == (saved / name).read_bytes()


def test_loading_and_saving_leave_the_callers_generator_alone(saved: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    Forecaster.load(saved)
    assert torch.equal(torch.get_rng_state(), before)


def test_nothing_in_the_folder_can_be_executed(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == list(FILES)
    json.loads((saved / "manifest.json").read_text(encoding="utf-8"))
    for name in ("history.safetensors", "weights.safetensors"):
        content = (saved / name).read_bytes()
        header = int.from_bytes(content[:8], "little")
        json.loads(content[8 : 8 + header])
        assert not content.startswith((b"PK", b"\x80")), "neither an archive nor a pickle"


def test_the_history_kept_does_not_grow_with_the_data(trained: Forecaster, saved: Path) -> None:
    held = load_file(saved / "history.safetensors")["target"]
    g = trained.model.geometry
    assert len(held) <= 2 * (g.reach + g.stride + g.horizon)


def test_a_failed_save_leaves_the_old_model(trained: Forecaster, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in model.iterdir()}

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recollect.tasks.forecast.artifact._history", full)
    with pytest.raises(OSError, match="No space left"):
        trained.save(model)
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_saving_onto_a_file_is_an_error(trained: Forecaster, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputError, match="it is a file, and a folder is needed"):
        trained.save(tmp_path / "taken")


def manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        data = json.loads((folder / "manifest.json").read_text())
        change(data)
        (folder / "manifest.json").write_text(json.dumps(data))

    return apply


def tensors(name: str, change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        data = load_file(folder / name)
        change(data)
        save_file(data, folder / name)

    return apply


def weights(
    change: Callable[[torch.Tensor], torch.Tensor], key: str = "member/1/head.weight"
) -> Callable[[Path], None]:
    return tensors("weights.safetensors", lambda data: data.update({key: change(data[key])}))


def history(key: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Path], None]:
    return tensors("history.safetensors", lambda data: data.update({key: change(data[key])}))


def cut(name: str, share: float) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * share)])

    return apply


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "there is no model folder"),
    **{f"{name} missing": (lambda f, name=name: (f / name).unlink(), f"cannot read .*{name}") for name in FILES},
    **{f"{name} cut short": (cut(name, 0.6), f"cannot read .*{name}") for name in FILES},
    **{f"{name} empty": (cut(name, 0.0), f"cannot read .*{name}") for name in FILES},
    **{f"{name} not text": (lambda f, n=name: (f / n).write_bytes(b"\xff\xfe\0" * 99), "cannot") for name in FILES},
    "foreign JSON": (lambda f: (f / "manifest.json").write_text('{"model": "gpt2"}'), "does not describe a recollect"),
    "a list": (lambda f: (f / "manifest.json").write_text("[1, 2]"), "does not describe a recollect"),
    "newer": (manifest(lambda m: m.update(version=99)), r"version 99 .* reads version 2: update recollect"),
    "no version": (manifest(lambda m: m.pop("version")), "format version None"),
    "a part missing": (manifest(lambda m: m.pop("schema")), "is not whole: schema missing"),
    "settings of another kind": (manifest(lambda m: m["settings"].update(horizon="4")), "saved settings"),
    "geometry of another kind": (manifest(lambda m: m["geometry"].update(lags=3)), "lags must be a list"),
    "schema of another kind": (manifest(lambda m: m["schema"].update(levels=7)), "do not fit"),
    "names of another kind": (manifest(lambda m: m.update(names=3)), "do not fit"),
    "a series fewer": (manifest(lambda m: m["names"].pop()), "scaling/center has shape"),
    "a member more": (manifest(lambda m: m["settings"].update(ensemble=3)), "is missing, and"),
    "a wider network": (manifest(lambda m: m["settings"].update(hidden_size=16)), "is wanted"),
    "a huge network": (manifest(lambda m: m["settings"].update(hidden_size=10**6)), "is wanted"),
    "another horizon": (manifest(lambda m: m["settings"].update(horizon=5)), "calibrated for"),
    "records of another kind": (manifest(lambda m: m["records"][0].update(code="rm")), "do not fit"),
    "calibration of another kind": (manifest(lambda m: m["calibration"].update(levels="x")), "saved calibration"),
    "a weight missing": (tensors("weights.safetensors", lambda t: t.pop("member/0/head.bias")), "is missing, and"),
    "a weight more": (tensors("weights.safetensors", lambda t: t.update({"member/0/w": torch.ones(1)})), "nothing is"),
    "a weight of another shape": (weights(lambda w: w[:, :-1].contiguous()), "is wanted"),
    "a weight of another kind": (weights(lambda w: w.double()), "float64 .* and torch.float32"),
    "a weight not a number": (weights(lambda w: w.index_fill(0, torch.tensor(0), torch.nan)), "not finite"),
    "a scale not finite": (weights(lambda w: w / 0, "scaling/scale"), "scaling/scale holds values that are not finite"),
    "covariates of another count": (weights(lambda w: w[:1].clone(), "known/mean"), "known/mean has shape"),
    "a history of another length": (history("target", lambda t: t[1:].clone()), "do not fit"),
    "a history without a column": (tensors("history.safetensors", lambda t: t.pop("past")), "do not fit"),
    "a history past its end": (history("ends", lambda e: e + 10**6), "do not lie end to end"),
    "a history out of order": (history("offsets", lambda o: o.flip(0).contiguous()), "do not lie end to end"),
    "a history of fractions": (history("starts", lambda s: s.double()), "history's starts is float64"),
    "no ledger": (tensors("history.safetensors", lambda t: t.pop("ledger/every")), "do not fit"),
    "a ledger of another horizon": (history("ledger/scores", lambda s: s[:, 1:].clone()), "the ledger's scores is"),
    "a ledger of fractions": (history("ledger/origin", lambda o: o.double()), "the ledger's origin is float64"),
    "a ledger of other series": (history("ledger/series", lambda s: s + 1), "speaks of series that the model lacks"),
    "a ledger of no step": (history("ledger/every", lambda e: -e), "or of steps that cannot be"),
    "a category too many": (history("groups", lambda g: g + 50), "categories that the schema lacks"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_is_one_clear_error(model: Path, case: str) -> None:
    damage, words = BROKEN[case]
    damage(model)
    with pytest.raises(ArtifactError, match=words) as caught:
        Forecaster.load(model)
    assert str(model) in str(caught.value) or "saved" in str(caught.value)
