"""What a measurement gives, as a table for people, as JSON for programs, as a plot for both."""

import importlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from inference.bench.subject import Subject
from inference.errors import InferenceError, PackageMissing
from inference.wire.extras import install

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WIDTH = 80
MAX_LINEAR = 10  # of the largest to the smallest value


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its title, the field of a row it shows, and how."""

    title: str
    field: str
    shown: str = "{}"


@dataclass(frozen=True, slots=True)
class Picture:
    """Which fields of the rows a plot shows: a line for each way, `y` over `x`."""

    x: str
    y: str
    x_title: str
    y_title: str


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of one measurement, all of one dataclass with a field `way`, and what they are of."""

    benchmark: str
    about: dict[str, Any]
    columns: tuple[Column, ...]
    picture: Picture
    rows: "Sequence[DataclassInstance]"
    notes: tuple[str, ...] = ()


def about(subject: Subject) -> dict[str, Any]:
    """Say what was measured on."""
    on_gpu = subject.device == "cuda"
    return {
        "model": subject.name,
        "precision": subject.precision,
        "device": torch.cuda.get_device_name() if on_gpu else f"cpu ({platform.machine()})",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def as_json(result: Result) -> str:
    """Give one JSON object."""
    rows = [asdict(row) for row in result.rows]
    named = {"benchmark": result.benchmark, **result.about}
    return json.dumps({**named, "rows": rows, "notes": list(result.notes)})


def as_table(result: Result) -> str:
    """Give a table of at most 80 characters a line, with what was measured in front."""
    from rich.console import Console
    from rich.table import Table

    told = result.about
    table = Table(
        *(column.title for column in result.columns),
        title=f"{told['model']}, {told['precision']}, {told['device']}, {told['threads']} threads",
        title_justify="left",
    )
    for row in result.rows:
        values = asdict(row)
        table.add_row(*(_cell(values[one.field], one.shown) for one in result.columns))
    console = Console(width=WIDTH)
    with console.capture() as capture:
        console.print(table)
        for note in result.notes:
            console.print(note, style="dim", highlight=False, markup=False)
    return capture.get().rstrip("\n")


def draw_plot(result: Result, target: Path) -> None:
    """Write the plot as the file `target`, .png or .svg.

    Raises PackageMissing without matplotlib, InferenceError where the file cannot be written.
    """
    plots = pyplot()
    figure, axes = plots.subplots(figsize=(8, 4.5), layout="constrained")
    lines = _lines(result)
    for way, points in lines.items():
        axes.plot(*zip(*sorted(points), strict=True), marker="o", label=way)
    values = [value for points in lines.values() for _, value in points] or [0.0]
    if min(values) > 0 and max(values) > MAX_LINEAR * min(values):
        axes.set_yscale("log")  # else the ways that are close to each other look like one
    else:
        axes.set_ylim(bottom=0)
    axes.set(xlabel=result.picture.x_title, ylabel=result.picture.y_title)
    axes.set_title(f"{result.about['model']}, {result.about['device']}", fontsize="medium")
    axes.legend()
    axes.grid(alpha=0.3)
    try:
        figure.savefig(target)
    except (OSError, ValueError) as error:
        raise InferenceError(f"the plot cannot be written as {target}: {error}") from error
    finally:
        plots.close(figure)


def _lines(result: Result) -> dict[str, list[tuple[float, float]]]:
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in result.rows:
        values = asdict(row)
        if values[result.picture.y] is not None:
            point = (values[result.picture.x], values[result.picture.y])
            lines.setdefault(values["way"], []).append(point)
    return lines


def pyplot() -> Any:
    """Import matplotlib, for files only. Raises PackageMissing."""
    try:
        matplotlib = importlib.import_module("matplotlib")
    except ImportError as error:
        raise PackageMissing(
            f"a plot needs matplotlib, which is not installed: {install('tune')}"
        ) from error
    matplotlib.use("agg")
    return importlib.import_module("matplotlib.pyplot")


def _cell(value: Any, shown: str) -> str:
    return "" if value is None else shown.format(value)
