"""The service of kit.py as processes: `python -m tests.support.kit_process relay|consumer`, to be killed and paused by the chaos tests."""

import json
import os
import sys

from shared.events import topics
from shared.messaging import kafka
from shared.messaging.consumer import Consumer
from shared.messaging.redrive import Redrive
from shared.messaging.relay import Relay
from shared.service import database, lifecycle
from shared.telemetry import log
from tests.support import kit

CONSUMER = "totals"


def main(role: str) -> None:
    environment = os.environ
    log.configure(service=kit.SERVICE, role=role)
    connection = json.loads(environment["KAFKA"])
    if role == "relay":
        engine = database.connect(
            environment["DATABASE_URL_MECHANISM"], application_name="relay", idle_in_transaction_seconds=15
        )
        loops = {"relay": Relay(engine, kafka.Producer(connection), batch=200).run_forever}
    else:
        engine = database.connect(
            environment["DATABASE_URL"], application_name="consumer", idle_in_transaction_seconds=3
        )
        subscription = kafka.Subscription(
            connection,
            group="kit-" + environment["DISTRICT"],
            topics=topics.pattern(kit.KIND).replace(topics.DISTRICT, environment["DISTRICT"]),
            session_timeout_seconds=6.0,
        )
        loops = {
            "consumer": Consumer(CONSUMER, engine, subscription, kit.REACTIONS).run_forever,
            "redrive": Redrive(CONSUMER, engine, kit.REACTIONS).run_forever,
        }
    lifecycle.run(role, loops, health_port=0)


if __name__ == "__main__":
    main(sys.argv[1])
