"""The walk-through itself: each step computed, said in plain words, and drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from recollect.core.files import write_whole
from recollect.tasks.demo.data import POINTS, TRAINING, VALIDATION, WINDOW, Floats, Series, make, windows
from recollect.tasks.demo.drawing import studio

if TYPE_CHECKING:
    from recollect.tasks.demo.estimator import Learner

__all__ = ["tell"]

STEPS = 200


def tell(name: str, activation: str, seed: int, epochs: int, folder: Path) -> dict[str, float]:
    """Run the demo, write pictures, scores.json and the model to ``folder``; the held-out squared errors by name."""
    console = Console(highlight=False)
    console.soft_wrap = not console.is_terminal  # a file keeps whole sentences
    series = make(name, seed)
    last = series.values[-WINDOW:]
    with studio() as draw:
        draw("overview", folder / "series.png", series)
        _describe(console, series)
        # Loading torch takes a second, in which the other process loads matplotlib.
        from recollect.tasks.demo.artifact import save_model
        from recollect.tasks.demo.estimator import Learner, baselines

        learner = _train(console, Learner(activation, epochs=epochs, seed=seed), series)
        draw("learning", folder / "learning.png", learner.record)
        trace = learner.trace(last)
        draw("gates", folder / "gates.png", last, trace)
        predicted = learner.predict(windows(series.values, VALIDATION, POINTS)[0])
        naive = baselines(series.values, series.season)
        draw("held_out", folder / "held_out.png", series, predicted, naive[f"value {series.season} steps before"])
        errors = _compare(console, series, {f"LSTM, {activation}": predicted, **naive})
        with _one_thread():
            paths = learner.paths(last, STEPS)
        draw("continuation", folder / "continuation.png", series, paths)
        inside = _continue(console, series, paths)
        _look_inside(console, trace)
        save_model(learner, series, folder / "model")
    scores = {
        "series": name,
        "activation": activation,
        "seed": seed,
        "held_out_squared_error": errors,
        "continuation_inside": inside,
        "training": asdict(learner.record),
    }
    write_whole(folder / "scores.json", json.dumps(scores, indent=2) + "\n")
    return errors


@contextmanager
def _one_thread() -> Iterator[None]:
    """Inside, torch computes on one thread: the other processors draw."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _describe(console: Console, series: Series) -> None:
    console.print(f"[bold]1 The series[/bold]: {POINTS} points of {series.about}.")
    if series.name == "nyquist":
        console.print(
            "  This is the series of a well-known introduction, which calls it a sine wave. Sampled at its Nyquist "
            "rate, it does not look like one: almost every value is minus the one before. Try --series sine."
        )
    console.print(
        f"[bold]2 The windows[/bold]: {WINDOW} values in, the next one out. The first {TRAINING} points train, the "
        f"next {VALIDATION - TRAINING} choose the epoch, the last {POINTS - VALIDATION} are held out for the score: in "
        "the order of time, as in real use."
    )


def _train(console: Console, learner: Learner, series: Series) -> Learner:
    from recollect.tasks.demo.estimator import BATCH
    from recollect.train.progress import RichProgress

    layer, plan = learner.network.lstm, learner.plan
    console.print(
        f"[bold]3 The network[/bold]: LSTM({layer.hidden_size}, {layer.activation}) and a linear unit, "
        f"{learner.parameters:,} weights. Its cell keeps a value for each unit; at every step the forget gate says how "
        "much of it to keep, the input gate what to write, the output gate what to show."
    )
    console.print(
        f"[bold]4 Training[/bold]: AdamW on the squared error, {plan.max_epochs} epochs, {BATCH} windows a step; the "
        "learning rate warms up and falls, the gradient is bounded."
    )
    learner.fit(series.values, RichProgress("  learning", rows=BATCH, console=console))
    record = learner.record
    console.print(
        f"  {record.epochs} epochs in {record.seconds:.1f} s. Validation error {record.validations[0][1]:.4f} "
        f"untrained, {record.best:.6f} at epoch {record.best_epoch}, whose weights are kept."
    )
    if record.stopped == "interrupted":
        console.print("  Interrupted: what follows uses the best weights so far.")
    return learner


def _compare(console: Console, series: Series, said: dict[str, Floats]) -> dict[str, float]:
    truth = series.values[VALIDATION:]
    errors = {name: float(np.square(values - truth).mean()) for name, values in said.items()}
    console.print(f"[bold]5 The score[/bold]: mean squared error on the {len(truth)} held-out points, one step ahead.")
    table = Table(box=None, show_header=False, pad_edge=False)
    best = min(errors.values())
    for name, error in errors.items():
        table.add_row(f"  {name}", f"{error:.6f}", "best" if error == best else "")
    console.print(table)
    ours = next(iter(errors))
    beaten = [name for name, error in errors.items() if error > errors[ours]]
    if len(beaten) == len(errors) - 1:
        console.print("  The LSTM is the best of them.")
    else:
        better = " and ".join(name for name, error in errors.items() if error < errors[ours])
        console.print(
            f"  Better than the LSTM: {better}. A wave this regular is a linear rule's home ground; a network "
            "pays where rules bend. A baseline beside every score is how one knows."
        )
    return errors


def _continue(console: Console, series: Series, paths: Floats) -> dict[str, float]:
    steps = paths.shape[1]
    console.print(
        f"[bold]6 One step[/bold]: after point {POINTS - 1} ({series.values[-1]:+.4f}) the network says "
        f"{paths[0, 0]:+.4f} for point {POINTS}; it turns out to be {series.future[0]:+.4f}."
    )
    inside: dict[str, float] = {}
    for level in (80, 95):
        lower, upper = np.percentile(paths, (50 - level / 2, 50 + level / 2), axis=0)
        inside[str(level)] = float(((lower <= series.future[:steps]) & (series.future[:steps] <= upper)).mean())
    console.print(
        f"[bold]7 On its own[/bold]: {steps} steps, each prediction fed back as the next input, on {len(paths)} paths "
        f"that its own errors make differ. Of what really follows, {inside['80']:.0%} lies inside the 80 % interval "
        f"and {inside['95']:.0%} inside the 95 % one."
    )
    if series.name == "nyquist":
        console.print(
            "  The slow envelope is zero just where the 1000 points end. How it goes on stands in their last decimals, "
            "too fine for this network; its errors one step ahead say nothing of that, so neither do its intervals."
        )
    return inside


def _look_inside(console: Console, trace: dict[str, Floats]) -> None:
    means = ", ".join(f"{name} {trace[name].mean():.2f}" for name in "ifo")
    keeps = trace["f"].mean(axis=0)
    console.print(
        f"[bold]8 Inside[/bold]: over the last window the gates are open on average {means}. The unit that keeps most "
        f"forgets {1 - keeps.max():.0%} of its cell a step, the one that keeps least {1 - keeps.min():.0%}."
    )
