"""Do processes start, report their health and stop as they should?"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.collector import collecting
from tests.support.ports import free_port

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@contextmanager
def process(
    script: str, *arguments: str, metrics: Path | None = None, collector: str = ""
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OTEL_EXPORTER_OTLP_ENDPOINT": collector}
    if metrics:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    command = [sys.executable, str(HERE / script), str(port), *arguments]
    started = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield started, f"http://127.0.0.1:{port}"
    finally:
        started.kill()
        started.communicate()


def answered(url: str) -> httpx.Response:
    transport = httpx.HTTPTransport(retries=8)  # retries while the port is closed, with growing delay
    with httpx.Client(transport=transport, timeout=20) as client:
        return client.get(url)


def test_a_process_finishes_its_batch_before_it_stops() -> None:
    with process("looping.py") as (running, url):
        assert answered(f"{url}/ready").text == "ready"
        assert answered(f"{url}/live").status_code == 200
        assert "python_info" in answered(f"{url}/metrics").text

        running.send_signal(signal.SIGTERM)
        output, _ = running.communicate(timeout=20)

    assert running.returncode == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["event"] for line in lines] == ["started", "asked to stop", "batch finished", "stopped"]
    assert {(line["service"], line["role"]) for line in lines} == {("kit", "worker")}


def test_a_process_listens_on_its_configured_port() -> None:
    with process("looping.py", "0.0.0.0") as (_, url):
        assert answered(url.replace("127.0.0.1", "127.0.0.2") + "/ready").text == "ready"


def test_one_loop_dying_ends_the_process_after_the_others() -> None:
    with process("looping.py", "die") as (running, _):
        output, _ = running.communicate(timeout=20)

    assert running.returncode == 1
    died = next(json.loads(line) for line in output.splitlines() if "loop died" in line)
    assert (died["level"], died["loop"]) == ("error", "mortal")
    assert "RuntimeError: mobile ***" in died["exception"]
    assert "batch finished" in output


@pytest.mark.parametrize("kind", [(), ("streams",)])
def test_an_application_is_served_and_ends_cleanly(tmp_path: Path, kind: tuple[str, ...]) -> None:
    (tmp_path / "counter_1.db").write_bytes(b"left by a process long gone")
    with process("serving.py", *kind, metrics=tmp_path) as (running, url):
        assert answered(f"{url}/ready").text == "ready"
        assert 'clearwater_http_replayed_total{route="/x"} 1.0' in answered(f"{url}/metrics").text

        running.send_signal(signal.SIGTERM)
        output, _ = running.communicate(timeout=30)

    assert running.returncode == 0, output
    assert all(json.loads(line)["service"] == "kit" for line in output.splitlines())


@pytest.mark.parametrize("kind", [(), ("streams",)])
def test_a_process_sends_its_spans_before_it_ends(kind: tuple[str, ...]) -> None:
    with collecting() as collector, process("serving.py", *kind, collector=collector.url) as (running, url):
        assert answered(f"{url}/ready").text == "ready"
        trace_id = answered(f"{url}/traced").text
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)

        assert running.returncode == 0
        assert [(span.process, span.name) for span in collector.of(trace_id)] == [("kit-api", "GET /traced")]


def test_a_collector_that_hangs_holds_neither_an_answer_nor_the_end_of_a_process() -> None:
    with collecting() as collector, process("serving.py", collector=collector.url) as (running, url):
        collector.ready.clear()
        assert answered(f"{url}/ready").text == "ready"
        assert len({answered(f"{url}/traced").text for _ in range(20)}) == 20
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=15)

        assert running.returncode == 0
        assert collector.seen == []
