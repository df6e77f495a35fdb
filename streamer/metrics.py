"""What the sidecar counts, in Prometheus's terms. One registry for each application."""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counters and gauges; labels have few values, never a path, name or token."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "mediavault_requests",
            "Requests answered",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "mediavault_first_byte_seconds",
            "Seconds from a request to the head of its answer",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.streams = Gauge("mediavault_streams", "Streams being sent", registry=self.registry)
        self.bytes = Counter(
            "mediavault_sent_bytes", "Bytes of files sent", ("source",), registry=self.registry
        )
        self.broken = Counter(
            "mediavault_streams_broken",
            "Streams ended because the file changed, vanished or could not be read",
            registry=self.registry,
        )
        self.logins = Counter("mediavault_logins", "Logins", ("result",), registry=self.registry)
        self.sockets = Gauge("mediavault_websockets", "Open WebSockets", registry=self.registry)
        # To find a counter by its labels costs more than to count.
        self.answered = cache(self.requests.labels)
        self.first_bytes = cache(self.seconds.labels)
        self.bytes_of = cache(self.bytes.labels)
