"""The report of an evaluation: one page that carries all it needs, and the figures as JSON."""

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from inference.errors import InferenceError, TuneRefused
from inference.tune.evaluation.confusions import Confusions, confusions
from inference.tune.evaluation.plots import Plot, plots
from inference.tune.evaluation.replies import Replies
from inference.tune.evaluation.run import Evaluation, Judgement
from inference.tune.evaluation.table import LEGEND, shown
from inference.tune.metrics import Figures

PAGE_NAME = "index.html"
FIGURES_NAME = "figures.json"
GENERATOR = "earshot evaluate"  # how both files say that they may be replaced by their like
PAGE_MARK = f'<meta name="generator" content="{GENERATOR}">'
FIGURES_MARK = f'"generator": "{GENERATOR}"'
MARKED_BYTES = 500  # at the beginning of each
HEADS = {
    "n": "decisions",
    "speak_rate": "due",
    "auroc": "AUROC",
    "average_precision": "avg. precision",
    "f1": "F1",
    "macro_f1": "macro F1",
    "balanced_accuracy": "bal. accuracy",
    "over_talk": "over-talk",
    "miss_direct": "calls missed",
    "ece": "calib. error",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, and its interval below it if it has one."""

    value: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One judge's figures on a file, in the order of HEADS."""

    name: str
    threshold: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot as the page holds it."""

    title: str
    about: str
    source: str


@dataclass(frozen=True, slots=True)
class Section:
    """What the page shows of one file; the model's row is the first."""

    name: str
    num: int
    num_conversations: int
    speak_rate: float
    rows: tuple[Row, ...]
    plots: tuple[Picture, ...]
    confusions: Confusions


def checked_folder(folder: Path) -> None:
    """Make the folder of a report before hours of work.

    Raises TuneRefused if it cannot be, or if a report would replace what is none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TuneRefused(f"the report cannot be written to {folder}: {error.strerror}") from error
    for path, mark in ((folder / PAGE_NAME, PAGE_MARK), (folder / FIGURES_NAME, FIGURES_MARK)):
        if path.exists() and not _begins_with(path, mark):
            raise TuneRefused(f"{path} is no report of ours and would be lost: name another folder")


def _begins_with(path: Path, mark: str) -> bool:
    """Tell whether a file has our mark at its beginning."""
    try:
        with path.open("rb") as file:
            return mark.encode() in file.read(MARKED_BYTES)
    except OSError:
        return False


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write page and figures; give the page. Raises InferenceError, with nothing half-written."""
    told = json.dumps(as_json(evaluation), indent=2, ensure_ascii=False)
    _replace(folder / FIGURES_NAME, told + "\n")
    return _replace(folder / PAGE_NAME, page(evaluation))


def _replace(path: Path, text: str) -> Path:
    written = path.with_name(f".{path.name}")
    try:
        written.write_text(text, encoding="utf-8")
        os.replace(written, path)  # noqa: PTH105 - over what stands, at once
    except OSError as error:
        written.unlink(missing_ok=True)
        raise InferenceError(f"{path} cannot be written: {error.strerror}") from error
    return path


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Give all figures as plain JSON values."""
    return {
        "generator": GENERATOR,
        "judges": [
            {
                "name": one.name,
                "threshold": one.threshold,
                "figures": [figures.to_dict() for figures in one.figures],
            }
            for one in evaluation.judgements
        ],
        "notes": list(evaluation.notes),
        "replies": None if evaluation.replies is None else _words(evaluation.replies),
        "generations": [
            {**asdict(one), "well_formed_share": one.well_formed_share}
            for one in evaluation.generations
        ],
    }


def _words(replies: Replies) -> dict[str, Any]:
    return {
        "num_facts": len(replies.facts),
        "fact_share": replies.fact_share,
        "files": [
            {
                "file": one.file,
                "num_direct": len(one.written),
                "clean_share": one.clean_share,
                "num_reply_tokens": one.likelihood.num_tokens,
                "perplexity": one.likelihood.perplexity,
            }
            for one in replies.files
        ],
    }


def page(evaluation: Evaluation) -> str:
    """Render the page."""
    from jinja2 import Environment

    source = files("inference.tune.evaluation") / "report.jinja"
    template = Environment(autoescape=True, trim_blocks=True).from_string(
        source.read_text(encoding="utf-8")
    )
    model = evaluation.judgements[0]
    return template.render(
        generator=GENERATOR,
        label=model.name,
        threshold=model.threshold,
        notes=evaluation.notes,
        heads=list(HEADS.values()),
        sections=[_section(evaluation.judgements, number) for number in range(len(model.files))],
        legend=LEGEND,
        replies=evaluation.replies,
        generations=evaluation.generations,
    )


def _section(judgements: Sequence[Judgement], number: int) -> Section:
    model = judgements[0]
    file, told = model.files[number], model.figures[number]
    return Section(
        name=file.name,
        num=told.n,
        num_conversations=len(file.conversations),
        speak_rate=told.speak_rate,
        rows=tuple(
            Row(one.name, f"{one.threshold:.3f}", _cells(one.figures[number])) for one in judgements
        ),
        plots=tuple(_picture(plot) for plot in plots(judgements, number)),
        confusions=confusions(file, threshold=model.threshold),
    )


def _cells(told: Figures) -> tuple[Cell, ...]:
    return tuple(Cell(shown(told, name), _interval(told, name)) for name in HEADS)


def _interval(told: Figures, name: str) -> str:
    if name != "auroc" or told.auroc_low is None or told.auroc_high is None:
        return ""
    return f"{told.auroc_low:.3f} to {told.auroc_high:.3f}"


def _picture(plot: Plot) -> Picture:
    # As an image of its own: the ids inside an SVG would clash with those of the next on one page.
    encoded = base64.b64encode(plot.svg.encode()).decode()
    return Picture(plot.title, plot.about, f"data:image/svg+xml;base64,{encoded}")
