"""What the worker measures, in Prometheus' form."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inference.engine_loop import EngineLoop

BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 60.0)


class Metrics:
    """Counters of one server. `engine_loop` gives the engine's loop once there is one."""

    def __init__(self, engine_loop: Callable[[], EngineLoop | None]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_EngineCollector(engine_loop))
        self.requests = Counter(
            "earshot_worker_requests",
            "Chat completion requests by kind (decision, reply) and outcome",
            ["kind", "outcome"],
            registry=self._registry,
        )
        self.request_s = Histogram(
            "earshot_worker_request_seconds",
            "From a request's arrival to its last token",
            ["kind"],
            registry=self._registry,
            buckets=BUCKETS_S,
        )
        self.first_token_s = Histogram(
            "earshot_worker_first_token_seconds",
            "From a request's arrival to its first token",
            ["kind"],
            registry=self._registry,
            buckets=BUCKETS_S,
        )

    def text(self) -> bytes:
        """Give all metrics in the text exposition format."""
        return generate_latest(self._registry)


class _EngineCollector:
    """Reads the engine's own counts when asked, so that the engine knows no metrics."""

    def __init__(self, engine_loop: Callable[[], EngineLoop | None]) -> None:
        self._engine_loop = engine_loop

    def collect(self) -> Iterator[Metric]:
        """Give the engine's counts; nothing while there is no engine."""
        loop = self._engine_loop()
        if loop is None:
            return
        engine = loop.engine
        counts = engine.cache.counts
        yield _counter("run_tokens", "Tokens run", engine.num_run_tokens)
        yield _counter(
            "reused_tokens", "Prompt tokens found in the prefix cache", engine.num_reused_tokens
        )
        yield _counter("steps", "Forward passes, each of one or more requests", engine.num_steps)
        yield _counter("cache_hits", "Requests that found a beginning kept", counts.num_hits)
        yield _counter("cache_misses", "Requests that found nothing kept", counts.num_misses)
        yield _counter("cache_parked", "Sequences moved to the host's memory", counts.num_parked)
        yield _counter("cache_returned", "Sequences brought back from there", counts.num_returned)
        yield _counter("cache_dropped", "Sequences dropped for room", counts.num_dropped)
        yield from _gauges(loop)


def _gauges(loop: EngineLoop) -> Iterator[Metric]:
    engine, cache = loop.engine, loop.engine.cache
    yield _gauge("waiting_requests", "Requests that have not begun", loop.num_waiting)
    yield _gauge("running_requests", "Requests that have begun", engine.num_running)
    yield _gauge(
        "resident_conversations", "Conversations in the prefix cache", cache.num_conversations
    )
    yield _gauge("resident_tokens", "Tokens the prefix cache holds memory for", cache.num_tokens)
    yield _gauge(
        "parked_conversations",
        "Conversations in the host's memory",
        cache.num_parked_conversations,
    )
    yield _gauge("parked_tokens", "Tokens in the host's memory", cache.num_parked_tokens)


def _counter(name: str, text: str, value: int) -> CounterMetricFamily:
    return CounterMetricFamily(f"earshot_worker_{name}", text, value=value)


def _gauge(name: str, text: str, value: int) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"earshot_worker_{name}", text, value=value)
