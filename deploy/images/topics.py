"""python -m deploy.images.topics <district> …: the topics of these districts and the rights on them, in the broker of KAFKA_BOOTSTRAP."""

import os
import sys

from deploy.local import topics
from shared.messaging import credentials


def main() -> None:
    admin = credentials.connection(
        os.environ["KAFKA_BOOTSTRAP"], user=os.environ["KAFKA_USER"], password=os.environ["KAFKA_PASSWORD"]
    )
    topics.keep_rights(admin)
    for district in sys.argv[1:]:
        for name in topics.create(admin, district):
            print(name)


if __name__ == "__main__":
    main()
