"""python -m deploy.images.topics <district> …: the topics of these districts and the rights on them, in the broker of KAFKA_BOOTSTRAP."""

import sys

from deploy.declaration import DEBEZIUM, LEAVE_BY
from deploy.images import secret_files
from deploy.local import admin, topics


def main() -> None:
    environment = secret_files.read()
    connection = admin.as_named(environment)
    topics.keep_rights(connection)
    if environment.get(LEAVE_BY) == DEBEZIUM:
        topics.create_heartbeats(connection)
    for district in sys.argv[1:]:
        for name in topics.create(connection, district):
            print(name)


if __name__ == "__main__":
    main()
