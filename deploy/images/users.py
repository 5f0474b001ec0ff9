"""python -m deploy.images.users: the users of the broker at KAFKA_INTERNAL, with the passwords of this environment.

Run again, it stores the same once more. A broker that a former version has formatted gets its users in the same way.
"""

import os

from deploy.declaration import password_key
from deploy.local import admin


def main() -> None:
    secrets = {name.lower(): value for name, value in os.environ.items()}
    admin.found(admin.founder(os.environ["KAFKA_INTERNAL"], secrets[password_key("founder")]), secrets)


if __name__ == "__main__":
    main()
