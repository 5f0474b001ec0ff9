"""python -m deploy.images.databases: each service's database and roles in the PostgreSQL named postgres."""

import os

from deploy.local import databases, keys


def main() -> None:
    passwords = {
        service: {role: os.environ[f"{service}_{role}_password".upper()] for role in keys.DATABASE_ROLES}
        for service in keys.SERVICES
    }
    databases.ensure(f"postgresql://postgres:{os.environ['POSTGRES_PASSWORD']}@postgres:5432/postgres", passwords)


if __name__ == "__main__":
    main()
