"""python -m services.reporting api|stream|consumer|webhooks|migrate|rebuild|fill-log|renew-log|redrive|reconcile"""

import sys

if sys.argv[1:2] == ["stream"]:
    # Before anything else is imported: psycopg, too, decides how to wait when it is imported.
    from shared.service import serve

    serve.cooperative()

from services.reporting import wiring
from shared.messaging import roles

if __name__ == "__main__":
    own = {
        "stream": wiring.run_stream,
        "consumer": wiring.run_consumer,
        "webhooks": wiring.run_webhooks,
        "rebuild": wiring.rebuild_model,
        "fill-log": wiring.fill_log,
        "renew-log": wiring.renew_log,
    }
    roles.main(wiring.SERVICE, own)
