"""python -m deploy.images.databases: each service's database and roles in the PostgreSQL named postgres."""

import os

from deploy.declaration import DATABASE_ROLES, SERVICES
from deploy.local import databases


def main() -> None:
    passwords = {
        service: {role: os.environ[f"{service}_{role}_password".upper()] for role in DATABASE_ROLES}
        for service in SERVICES
    }
    databases.ensure(f"postgresql://postgres:{os.environ['POSTGRES_PASSWORD']}@postgres:5432/postgres", passwords)


if __name__ == "__main__":
    main()
