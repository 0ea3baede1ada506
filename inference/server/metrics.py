"""What the worker measures, in Prometheus' form."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inference.engine import Engine

BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 60.0)


class Metrics:
    """Counters of one server. `engine` gives the engine once there is one."""

    def __init__(self, engine: Callable[[], Engine | None]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_EngineCollector(engine))
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

    def __init__(self, engine: Callable[[], Engine | None]) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Give the engine's counts; nothing while there is no engine."""
        engine = self._engine()
        if engine is None:
            return
        yield _counter("earshot_worker_run_tokens", "Tokens run", engine.num_run_tokens)
        yield _counter(
            "earshot_worker_reused_tokens",
            "Prompt tokens found in the prefix cache",
            engine.num_reused_tokens,
        )
        yield GaugeMetricFamily(
            "earshot_worker_resident_conversations",
            "Conversations in the prefix cache",
            value=engine.cache.num_conversations,
        )
        yield GaugeMetricFamily(
            "earshot_worker_resident_tokens",
            "Tokens the prefix cache holds memory for",
            value=engine.cache.num_tokens,
        )


def _counter(name: str, text: str, value: int) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, value=value)
