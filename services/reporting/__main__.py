"""python -m services.reporting api|stream|consumer|webhooks|migrate|rebuild|fill-log|close-log|renew-log|redrive|reconcile|catalogue"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if sys.argv[1:2] == ["stream"]:
    # Before anything else is imported: psycopg, too, decides how to wait when it is imported.
    from shared.service import serve

    serve.cooperative()

from services.reporting import wiring
from shared.messaging import roles


def catalogue(arguments: Sequence[str]) -> int:
    """The pages of /events as files, without an installation."""
    from services.reporting import application  # noqa: PLC0415 - processes of loops import no web framework
    from services.reporting.web import catalogue_files  # noqa: PLC0415 - as above

    parser = argparse.ArgumentParser(prog="python -m services.reporting catalogue", description=catalogue.__doc__)
    parser.add_argument("folder", type=Path, help="where they are written")
    parser.add_argument("--address", default="https://clearwater.example", help="of the installation that they name")
    options = parser.parse_args(arguments)
    written = catalogue_files.write(application.create_unconnected(), options.folder, public_url=options.address)
    sys.stdout.write(f"{options.folder}: {len(written)} files\n")
    return 0


if __name__ == "__main__":
    own = {
        "stream": wiring.run_stream,
        "consumer": wiring.run_consumer,
        "webhooks": wiring.run_webhooks,
        "rebuild": wiring.rebuild_model,
        "fill-log": wiring.fill_log,
        "close-log": wiring.close_log,
        "renew-log": wiring.renew_log,
    }
    roles.main(wiring.SERVICE, own, {"catalogue": catalogue})
