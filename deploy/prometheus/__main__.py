"""`make ops`: a Prometheus beside the local platform, which scrapes every process and evaluates the alerts, until it is interrupted.

Prometheus is not fetched: the README's two commands never need it. Without one on the PATH this prints how to get it, and exits with 2.
Alerts go to the Alertmanager that ALERTMANAGER_URL names; without it they are shown on Prometheus' own page alone.
"""

import os
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

from deploy.local.place import HOST, CannotStart, Place, from_environment
from deploy.local.processes import archive_file, local_site
from deploy.prometheus import scraping, silencing

PORT_STEP = 9  # from PORT_BASE; deploy/declaration.py has the plan of the others


def main() -> int:
    try:
        return watch(from_environment())
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2


def watch(place: Place) -> int:
    """Returns Prometheus' exit code. Raises CannotStart."""
    program = shutil.which("prometheus")
    if not program:
        raise CannotStart("There is no Prometheus on the PATH: Debian has it as `prometheus`; its site has archives.")
    if not place.path("supervisord.conf").exists():
        raise CannotStart("Nothing runs here: start it with `make up`.")
    file, data = place.path("prometheus.yml"), place.path("prometheus")
    address = os.environ.get(silencing.VARIABLE, "")
    scraped = scraping.configuration(
        local_site(place), archives=archive_file(place).exists(), alertmanager=_target(address)
    )
    file.write_text(scraped, encoding="utf-8")
    served = f"{HOST}:{place.port_base + PORT_STEP}"
    print(f"Prometheus: http://{served}/alerts    (Ctrl-C ends it; its data stay in {data.name}/)", flush=True)
    print(
        f"Alerts go to {address}" if address else f"Alerts go to nobody: {silencing.VARIABLE} names no Alertmanager",
        flush=True,
    )
    options = [f"--config.file={file}", f"--storage.tsdb.path={data}", f"--web.listen-address={served}"]
    try:
        return subprocess.run([program, *options, "--log.level=warn"], env=os.environ, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _target(address: str) -> str:
    """host:port, of an address such as http://127.0.0.1:9093. Raises CannotStart for another form."""
    place = urlsplit(address)
    if address and (place.scheme != "http" or not place.hostname or place.path.strip("/")):
        raise CannotStart(f"{silencing.VARIABLE}={address} is no address such as http://127.0.0.1:9093.")
    return place.netloc


if __name__ == "__main__":
    sys.exit(main())
