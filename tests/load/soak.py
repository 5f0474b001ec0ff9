"""python -m tests.load.soak: the whole suite again and again, in another order each time, on a machine that has other work.

    ROUNDS=3   how often
    SEED=…     of the first round's order; the next rounds count on from it. Without it a new one is drawn, and printed

It goes on after a red round, names the seed of each, and exits with 1 when one was red. The load: as many busy processes as there are
cores, and one that writes to the disk.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.place import ROOT

TARGETS = ("unit-tests", "service-tests", "journey-tests", "long-tests")  # of the Makefile
_BUSY = "while True: sum(range(100_000))"
_WRITES = """
import os, tempfile
with tempfile.NamedTemporaryFile() as file:
    while True:
        file.seek(0), file.write(os.urandom(8_000_000)), os.fsync(file.fileno())
"""


def main() -> int:
    rounds = int(os.environ.get("ROUNDS") or 3)
    first = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    with load():
        red = [seed for seed in range(first, first + rounds) if not round_is_green(seed)]
    print(
        f"{rounds - len(red)} of {rounds} rounds were green." + (f" Red: SEED={red} ROUNDS=1" if red else ""),
        flush=True,
    )
    return 1 if red else 0


def round_is_green(seed: int) -> bool:
    print(f"Round with SEED={seed}", flush=True)
    began = time.monotonic()
    codes = [
        subprocess.run(
            ["make", target, f"SHUFFLED=-p tests.support.shuffled --shuffle {seed}"], cwd=ROOT, check=False
        ).returncode
        for target in TARGETS
    ]
    green = not any(codes)
    print(f"SEED={seed} {'green' if green else 'RED'} after {time.monotonic() - began:.0f} s", flush=True)
    return green


@contextmanager
def load() -> Iterator[None]:
    programs = [_WRITES, *[_BUSY] * (os.cpu_count() or 1)]
    running = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
