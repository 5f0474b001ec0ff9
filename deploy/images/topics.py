"""python -m deploy.images.topics <district> …: the topics of these districts and the rights on them, in the broker of KAFKA_BOOTSTRAP."""

import sys

from deploy.images import secret_files
from deploy.local import topics
from shared.messaging import credentials


def main() -> None:
    settings = secret_files.read()
    admin = credentials.connection(
        settings["KAFKA_BOOTSTRAP"],
        user=settings["KAFKA_USER"],
        password=settings["KAFKA_PASSWORD"],
        security="SASL_SSL" if settings.get("KAFKA_SECURITY") == "SASL_SSL" else "SASL_PLAINTEXT",
        ca_file=settings.get("KAFKA_CA_FILE", ""),
    )
    topics.keep_rights(admin)
    for district in sys.argv[1:]:
        for name in topics.create(admin, district):
            print(name)


if __name__ == "__main__":
    main()
