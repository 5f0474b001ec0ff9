"""python -m deploy.images.databases: each service's database and roles in the PostgreSQL named postgres."""

from deploy.declaration import DATABASE_ROLES, DEBEZIUM, LEAVE_BY, SERVICES, debezium_key, publishing
from deploy.images import secret_files
from deploy.local import databases


def main() -> None:
    secrets = secret_files.read()
    passwords = {
        service: {role: secrets[f"{service}_{role}_password".upper()] for role in DATABASE_ROLES}
        for service in SERVICES
    }
    administrator = f"postgresql://postgres:{secrets['POSTGRES_PASSWORD']}@postgres:5432/postgres"
    databases.ensure(administrator, passwords)
    if secrets.get(LEAVE_BY) == DEBEZIUM:
        readers = {service: secrets[debezium_key(service).upper()] for service in publishing()}
        databases.ensure_debezium(administrator, readers)


if __name__ == "__main__":
    main()
