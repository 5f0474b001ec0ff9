"""python -m deploy.images.topics <district> …: the topics of these districts, in the broker of KAFKA_BOOTSTRAP."""

import os
import sys

from deploy.local import topics


def main() -> None:
    for district in sys.argv[1:]:
        for name in topics.create(os.environ["KAFKA_BOOTSTRAP"], district):
            print(name)


if __name__ == "__main__":
    main()
