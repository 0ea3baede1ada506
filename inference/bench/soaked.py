"""What a soak shows: latencies, failures, the worker's memory and its own counts over time."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil
from openai import APIError, AsyncOpenAI

from inference.bench.result import WIDTH
from inference.bench.soak import WARM_UP, Heard, Load

_PREFIX = "earshot_worker_"
MAX_SHOWN = 3  # failures


@dataclass(frozen=True, slots=True)
class Sample:
    """The worker `at_s` seconds into the run: resident memory, None where its process is unknown.

    `metrics` are its own counts by name, those of `/metrics` without labels.
    """

    at_s: float
    resident_mb: float | None
    metrics: dict[str, float]


@dataclass(slots=True)
class Watch:
    """Looks at a worker. `root` is its address without `/v1`, `pid` its process if it is ours."""

    client: AsyncOpenAI
    root: str
    pid: int | None = None
    samples: list[Sample] = field(default_factory=list)

    async def sample(self, at_s: float) -> None:
        """Take note of memory and metrics; a worker that does not tell any has none."""
        resident_mb = None
        if self.pid is not None and psutil.pid_exists(self.pid):
            resident_mb = psutil.Process(self.pid).memory_info().rss / 1e6
        try:
            text = await self.client.get(f"{self.root}/metrics", cast_to=str)
        except (TimeoutError, APIError):
            text = ""
        self.samples.append(Sample(at_s, resident_mb, metrics_of(text)))


def metrics_of(text: str) -> dict[str, float]:
    """Read the worker's unlabelled counts and gauges from the text exposition format."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name.startswith(_PREFIX) and "{" not in name and not name.endswith("_created"):
            found[name.removeprefix(_PREFIX).removesuffix("_total")] = float(value)
    return found


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run. Latencies are milliseconds, memory megabytes of 10**6 bytes.

    Growth is what resident memory and kept tokens grew by after the first third of the time.
    """

    load: dict[str, Any]
    messages: int
    decisions: int
    replies: int
    refused: int
    failed: int
    decision_ms: dict[str, float]
    reply_ms: dict[str, float]
    resident_mb: dict[str, float]
    growth: dict[str, float]
    metrics: dict[str, float]
    failures: tuple[str, ...]
    samples: tuple[Sample, ...]


def report_of(load: Load, heard: Heard, samples: Sequence[Sample]) -> Report:
    """Put the figures together; `samples` has at least one."""
    measured = [one for one in samples if one.resident_mb is not None]
    return Report(
        load=asdict(load),
        messages=heard.num_messages,
        decisions=len(heard.decisions_s),
        replies=len(heard.replies_s),
        refused=heard.num_refused,
        failed=len(heard.failures),
        decision_ms=_percentiles(heard.decisions_s),
        reply_ms=_percentiles(heard.replies_s),
        resident_mb=_memory(measured),
        growth=_growth(samples, after_s=WARM_UP * load.duration_s),
        metrics=samples[-1].metrics,
        failures=tuple(dict.fromkeys(heard.failures)),
        samples=tuple(samples),
    )


def as_json(report: Report) -> str:
    """Give one JSON object."""
    return json.dumps({"benchmark": "soak", **asdict(report)})


def as_table(report: Report) -> str:
    """Give a table of at most 80 characters a line."""
    from rich.console import Console
    from rich.table import Table

    load = report.load
    title = (
        f"{load['num_conversations']} conversations, {load['messages_per_s']:g} messages a second, "
        f"{load['duration_s']:g} s"
    )
    table = Table("what", "measured", title=title, title_justify="left")
    for name, value in _told(report):
        table.add_row(name, value)
    console = Console(width=WIDTH)
    with console.capture() as capture:
        console.print(table)
        for failure in report.failures[:MAX_SHOWN]:
            console.print(f"failed: {failure}", highlight=False, markup=False)
    return capture.get().rstrip("\n")


def _told(report: Report) -> list[tuple[str, str]]:
    counts = {
        "messages": report.messages,
        "decisions": report.decisions,
        "replies": report.replies,
        "refused for a full queue (429)": report.refused,
        "failed": report.failed,
    }
    told = [(name, f"{value:,}") for name, value in counts.items()]
    for name, figures in (("decision", report.decision_ms), ("reply", report.reply_ms)):
        told += [(f"{name}, {key}, ms", f"{value:,.0f}") for key, value in figures.items()]
    told += [(f"memory, {key}, MB", f"{value:,.0f}") for key, value in report.resident_mb.items()]
    told += [
        (f"growth after warm-up, {key}", f"{value:+,.1f}") for key, value in report.growth.items()
    ]
    told += [
        (f"worker: {key.replace('_', ' ')}", f"{value:,.0f}")
        for key, value in report.metrics.items()
    ]
    return told


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else None
    at = {"p50": 49, "p95": 94, "p99": 98}
    found = {name: cuts[place] if cuts else seconds[0] for name, place in at.items()}
    return {name: round(1e3 * value, 1) for name, value in (found | {"most": max(seconds)}).items()}


def _memory(samples: Sequence[Sample]) -> dict[str, float]:
    resident = [one.resident_mb for one in samples if one.resident_mb is not None]
    if not resident:
        return {}
    figures = {"at the start": resident[0], "at most": max(resident), "at the end": resident[-1]}
    return {name: round(value, 1) for name, value in figures.items()}


def _growth(samples: Sequence[Sample], *, after_s: float) -> dict[str, float]:
    late = [one for one in samples if one.at_s >= after_s]
    if len(late) < 2:
        return {}
    first, last = late[0], late[-1]
    found: dict[str, float] = {}
    if first.resident_mb is not None and last.resident_mb is not None:
        found["MB"] = round(last.resident_mb - first.resident_mb, 1)
    for name in ("resident_tokens", "resident_conversations"):
        if name in first.metrics and name in last.metrics:
            found[name.replace("_", " ")] = last.metrics[name] - first.metrics[name]
    return found
