"""python -m deploy.images.databases: each service's database and roles in the PostgreSQL named postgres."""

from deploy.declaration import DATABASE_ROLES, SERVICES
from deploy.images import secret_files
from deploy.local import databases


def main() -> None:
    secrets = secret_files.read()
    passwords = {
        service: {role: secrets[f"{service}_{role}_password".upper()] for role in DATABASE_ROLES}
        for service in SERVICES
    }
    databases.ensure(f"postgresql://postgres:{secrets['POSTGRES_PASSWORD']}@postgres:5432/postgres", passwords)


if __name__ == "__main__":
    main()
