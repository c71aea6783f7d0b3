import io

import pytest
from rich.console import Console

from recollect.train import progress
from recollect.train.progress import Progress, RichProgress, Silent


def shown(monkeypatch, watcher: Progress) -> None:
    clock = iter([100.0, 110.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    watcher.start(max_epochs=4)
    watcher.update(epoch=1, step=10, fraction=0.25, loss=0.5, validation=None)
    watcher.update(epoch=2, step=30, fraction=0.375, loss=0.25, validation=0.125)
    watcher.finish()


@pytest.mark.parametrize(("rows", "speed"), [(None, "2 steps/s"), (16, "32 rows/s")])
def test_a_terminal_shows_loss_validation_speed_and_time_left(monkeypatch, rows, speed):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=160)
    shown(monkeypatch, RichProgress("training", rows=rows, console=console))
    text = screen.getvalue()
    for part in ("training", "epoch 2/4", "loss 0.25", "validation 0.125", speed, "0:50 left"):
        assert part in text


def test_a_file_and_the_silent_one_show_nothing(monkeypatch):
    screen = io.StringIO()
    shown(monkeypatch, RichProgress(console=Console(file=screen)))
    shown(monkeypatch, Silent())
    assert screen.getvalue() == ""


def test_a_run_by_the_clock_is_told_in_its_own_words(monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=160)
    said = lambda loss, held: [f"{loss:.1f} nats"] + ([] if held is None else [f"held out {held:.2f}"])  # noqa: E731
    bar = RichProgress("reading", rows=2000, unit="tokens", epochs=False, scores=said, console=console)
    shown(monkeypatch, bar)
    text = screen.getvalue()
    for part in ("reading", "0.2 nats", "held out 0.12", "4,000 tokens/s", "0:50 left"):
        assert part in text
    assert "epoch" not in text
