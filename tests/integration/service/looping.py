"""Run by test_processes: a process with two loops, one of which may die.  looping.py PORT [BIND] [die]"""

import sys
import threading

from shared.service import lifecycle
from shared.telemetry import log


def patient(stop: threading.Event) -> None:
    stop.wait()
    log.get(__name__).info("batch finished")


def mortal(stop: threading.Event) -> None:
    if sys.argv[-1] == "die":
        message = "mobile 13800138000"
        raise RuntimeError(message)
    stop.wait()


log.configure(service="kit", role="worker")
bind = next((item for item in sys.argv[2:] if item != "die"), "127.0.0.1")
lifecycle.run("worker", {"patient": patient, "mortal": mortal}, bind=bind, health_port=int(sys.argv[1]))
