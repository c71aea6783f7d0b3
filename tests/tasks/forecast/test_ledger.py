"""The ledger of past forecasts: which of them are due, what is entered, and what the intervals make of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from recollect.data.panel import Panel
from recollect.evaluate.conformal import Conformal, scores_of
from recollect.tasks.forecast import ledger as ledgers
from recollect.tasks.forecast.data import Rows
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.learning import quantiles_at
from recollect.tasks.forecast.ledger import Ledger
from recollect.tasks.forecast.model import Model, split_quantiles

GEOMETRY = Geometry(horizon=4, season=1, window=5, stride=1, steps=3, lags=(1,))
BOTH = np.arange(2)


def listed(rows: Rows) -> dict[int, list[int]]:
    return {int(n): rows.origins[rows.series == n].tolist() for n in np.unique(rows.series)}


class TestWhatIsDue:
    """Two series that begin at 100 and 0 on the clock, with tails from 20 to 26 and from 3 to 9 of their own steps."""

    @pytest.fixture
    def panel(self, make_panel) -> Panel:
        return make_panel([np.arange(40.0), np.arange(12.0)], starts=[100, 0])

    @pytest.fixture
    def ledger(self, panel: Panel) -> Ledger:
        return self.opened(panel)

    def opened(self, panel: Panel) -> Ledger:
        rows = Rows(np.array([0, 0, 1]), np.array([20, 23, 3]), np.array([26, 26, 9]))
        return Ledger.open(panel, GEOMETRY, np.array([20, 3]), np.array([26, 9]), rows, np.zeros((3, 4, 2)))

    def test_it_opens_with_the_tails(self, ledger: Ledger) -> None:
        assert ledger.first.tolist() == [120, 3] and ledger.until.tolist() == [126, 9]
        assert ledger.every.tolist() == [1, 1]
        assert ledger.least.tolist() == [GEOMETRY.reach, 3], "a short series is forecast from all that it has"
        assert ledger.outcomes.origin.tolist() == [120, 123, 3]

    def test_nothing_is_at_the_end_of_training(self, ledger: Ledger, panel: Panel) -> None:
        assert len(ledger.due(panel, np.array([26, 9]), BOTH)) == 0
        assert len(ledger.due(panel, np.array([25, 2]), BOTH)) == 0

    def test_whatever_reaches_beyond_what_is_entered(self, ledger: Ledger, panel: Panel) -> None:
        found = ledger.due(panel, np.array([28, 9]), BOTH)
        assert listed(found) == {0: [23, 24, 25, 26, 27]}, "the step after 23 + 3 is the first that was not known"
        assert (found.limits == 28).all()
        untold = ledger.untold(panel, found, BOTH)
        assert untold.astype(int).tolist() == [[0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1], [1] * 4, [1] * 4]

    def test_it_stays_within_the_tail_of_a_short_one(self, ledger: Ledger, panel: Panel) -> None:
        late = replace(ledger, until=np.array([126, 4]))
        assert listed(late.due(panel, np.array([26, 6]), BOTH)) == {1: [3, 4, 5]}

    def test_many_series_count_in_strides(self, panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ledgers, "MOST_COUNTED", 4)  # two for each
        ledger = self.opened(panel)
        assert ledger.every.tolist() == [3, 3]
        assert listed(ledger.due(panel, np.array([30, 12]), BOTH)) == {0: [23, 26, 29], 1: [6, 9]}

    def test_of_a_long_time_the_newest_only(self, ledger: Ledger, panel: Panel, monkeypatch) -> None:
        monkeypatch.setattr(ledgers, "MOST_COUNTED", 6)
        found = listed(ledger.due(panel, np.array([40, 9]), BOTH))[0]
        assert found == list(range(33, 40)), "three whose last step is known, and those after"

    def test_a_panel_that_begins_later_counts_where_it_has_history_enough(
        self, ledger: Ledger, make_panel, panel: Panel
    ) -> None:
        later = make_panel([np.arange(20.0), np.arange(12.0)], starts=[120, 0])
        assert listed(ledger.due(later, later.ends, BOTH))[0] == list(range(GEOMETRY.reach, 20))
        assert 0 not in listed(ledger.due(later, np.array([GEOMETRY.reach, 12]), BOTH))

    def test_series_are_found_by_name_and_strangers_do_not_count(self, ledger: Ledger, panel: Panel) -> None:
        swapped = replace(panel, starts=panel.starts[::-1].copy(), ends=panel.ends[::-1].copy())
        found = ledger.due(swapped, np.array([12, 40]), np.array([-1, 0]))
        assert set(found.series) == {1}
        assert len(ledger.due(panel, panel.ends, np.array([-1, -1]))) == 0


@pytest.fixture
def fitted(make_panel, waves, tiny) -> tuple[Model, Panel, NDArray[np.int64]]:
    panel = make_panel(waves)
    ends = np.array([70, 60, 80])
    return fit_model(panel, replace(tiny, max_epochs=1), ends, 6), panel, ends


class TestARenewedModel:
    def test_is_the_same_where_nothing_new_is_known(self, fitted, make_panel, waves) -> None:
        model, panel, ends = fitted
        assert model.renewed(panel, ends) is model
        hidden = [np.r_[w[:e], np.full(len(w) - e, np.nan)] for w, e in zip(waves, ends, strict=True)]
        assert model.renewed(make_panel(hidden)) is model, "nothing but gaps"
        assert model.renewed(replace(panel, names=("x", "y", "z"))) is model

    def test_is_calibrated_by_all_forecasts_whose_truth_is_known(self, fitted) -> None:
        model, panel, _ = fitted
        windows = model.windows(panel, panel.ends)
        first = model.ledger.first - panel.starts
        rows = [(n, o) for n in range(3) for o in range(first[n], panel.ends[n])]
        series, origins = np.array(rows).T
        every = Rows(series, origins, panel.ends[series])
        z, _, spread = quantiles_at(model.networks, windows, every)
        expected = Conformal.fit(*split_quantiles(z), windows.actual(every), spread, model.settings.shares)
        found = model.renewed(panel).calibration
        assert np.array_equal(found.used, expected.used) and (found.used > model.calibration.used).all()
        assert np.allclose(found.correction, expected.correction, rtol=1e-4, atol=1e-5)

    def test_step_by_step_is_at_once(self, fitted) -> None:
        model, panel, ends = fitted
        slow = model
        for back in (9, 6, 5, 1, 0):
            slow = slow.renewed(panel, np.maximum(ends, panel.ends - back))
        fast = model.renewed(panel)
        assert np.array_equal(slow.calibration.used, fast.calibration.used)
        assert np.allclose(slow.calibration.correction, fast.calibration.correction, rtol=1e-4, atol=1e-6)
        assert slow.renewed(panel) is slow

    def test_sees_nothing_after_the_ends(self, fitted) -> None:
        model, panel, ends = fitted
        step = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], np.diff(panel.offsets))
        later = step >= np.repeat(ends + 5, np.diff(panel.offsets))
        for value in (np.nan, 1e9):
            other = model.renewed(replace(panel, target=np.where(later, value, panel.target)), ends + 5)
            assert np.array_equal(other.calibration.correction, model.renewed(panel, ends + 5).calibration.correction)

    def test_keeps_the_newest_of_what_it_knew(self, fitted, monkeypatch: pytest.MonkeyPatch) -> None:
        model, panel, _ = fitted
        monkeypatch.setattr(ledgers, "MOST_COUNTED", 15)
        found = model.renewed(panel)
        assert (found.calibration.used[:, 0] <= 15).all()
        assert found.ledger.outcomes.origin.min() >= panel.ends.min() - 5 - model.settings.horizon

    def test_is_the_training_s_ledger_at_first(self, fitted) -> None:
        model, panel, ends = fitted
        outcomes, cuts = model.ledger.outcomes, model.ledger.first - panel.starts
        assert np.array_equal(Conformal.of(outcomes.scores, model.settings.shares).used, model.calibration.used)
        assert (outcomes.origin >= cuts[outcomes.series]).all() and (outcomes.origin < ends[outcomes.series]).all()
        rows = Rows(outcomes.series, outcomes.origin, ends[outcomes.series])
        windows = model.windows(panel, ends)
        z, _, spread = quantiles_at(model.networks, windows, rows)
        expected = scores_of(*split_quantiles(z), windows.actual(rows), spread, model.settings.shares)
        assert np.allclose(outcomes.scores, expected, rtol=1e-4, atol=1e-5, equal_nan=True)
