"""python -m deploy.images.users [--only-in-use]: the users of the broker at KAFKA_INTERNAL, with the passwords of this environment.

Run again, it stores the same once more. A broker that a former version has formatted gets its users in the same way.
`--only-in-use` locks each role's other user, after a rotation.
"""

import sys

from deploy.declaration import bus_roles, password_key, side_key
from deploy.images import secret_files
from deploy.local import access, admin


def main() -> None:
    secrets = {name.lower(): value for name, value in secret_files.read().items()}
    founder = admin.founder(secrets["kafka_internal"], secrets[password_key("founder")])
    admin.store_users(founder, secrets)
    if "--only-in-use" in sys.argv[1:]:
        admin.lock_users(founder, [f"{role}-{access.other(secrets[side_key(role)])}" for role in bus_roles()])


if __name__ == "__main__":
    main()
