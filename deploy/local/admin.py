"""What the one process with admin rights on the broker does: it stores users and ACLs, as access.py declares them.

Invariant: done again, it changes nothing; a right of one of our users that is not declared is taken away, a stranger's is left alone. No
user is ever removed: a broker from which one was removed may know no user at all after a restart (decision 53).
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from secrets import token_urlsafe
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import AuthorizationError, KafkaError, NoError, SaslAuthenticationFailedError

from deploy.declaration import BUS_ADMIN, bus_roles, password_key, side_key
from deploy.local import access, keys, quotas
from deploy.local.access import Grant
from deploy.local.place import CannotStart, Place
from shared.messaging import credentials
from shared.messaging.credentials import Connection, Security


class Refused(CannotStart):
    """The broker answers, and does not carry out what it was asked for."""


OUTAGES = (KafkaError, CannotStart)
REFUSALS = (Refused, AuthorizationError, SaslAuthenticationFailedError)
_MECHANISM = ScramMechanism.SCRAM_SHA_512
# All that the broker shows of a password is its number of iterations, so a locked user has one that no other user has. Least: 4096.
_LOCKED_ITERATIONS = 4097
_EVERY = ACLFilter(
    principal=None,
    host=None,
    operation=ACLOperation.ANY,
    permission_type=ACLPermissionType.ANY,
    resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
)


def as_admin(place: Place) -> Connection:
    return as_role(place, BUS_ADMIN)


def as_named(environment: Mapping[str, str]) -> Connection:
    """As the process connects that reads these variables (declaration.bus_user)."""
    return credentials.connection(
        environment["KAFKA_BOOTSTRAP"],
        user=environment["KAFKA_USER"],
        password=environment["KAFKA_PASSWORD"],
        security="SASL_SSL" if environment["KAFKA_SECURITY"] == "SASL_SSL" else "SASL_PLAINTEXT",
        ca_file=environment["KAFKA_CA_FILE"],
    )


def as_role(place: Place, role: str) -> Connection:
    """As a process of this role connects, with the user that is in use."""
    user, password = user_of(keys.load(place.local_dir), role)
    return credentials.connection(
        place.kafka_bootstrap,
        user=user,
        password=password,
        security=_security(place.bus_ca_file),
        ca_file=place.bus_ca_file,
    )


def as_founder(place: Place) -> Connection:
    """At the broker's own listener, which knows this user before any other is stored."""
    password = keys.load(place.local_dir)[password_key("founder")]
    return founder(place.kafka_internal, password, ca_file=place.bus_ca_file)


def founder(internal: str, password: str, *, ca_file: str = "") -> Connection:
    return credentials.connection(
        internal,
        user="founder",
        password=password,
        security=_security(ca_file),
        ca_file=ca_file,
        mechanism="PLAIN",
    )


def user_of(secrets: Mapping[str, str], role: str) -> tuple[str, str]:
    """The user of a role that is in use, and its password."""
    return f"{role}-{secrets[side_key(role)]}", secrets[password_key(role)]


def store_users(connection: Connection, secrets: Mapping[str, str]) -> None:
    """Stores all users of this installation, as the founder. Raises CannotStart."""
    keep_users(connection, dict(user_of(secrets, role) for role in bus_roles()))


def client(connection: Connection) -> KafkaAdminClient:
    """Raises CannotStart when the broker does not answer, or not to this user."""
    try:
        return KafkaAdminClient(**connection, bootstrap_timeout_ms=10_000)
    except KafkaError as error:
        raise CannotStart(
            f"Kafka does not answer at {connection['bootstrap_servers']} ({type(error).__name__}): run `make up` first."
        ) from error


def keep_users(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Stores each user's password, in place of what was stored. Raises CannotStart."""
    with closing(client(connection)) as admin:
        _alter(
            admin, [UserScramCredentialUpsertion(user, _MECHANISM, password) for user, password in passwords.items()]
        )


def limit(connection: Connection, user: str) -> None:
    """Raises CannotStart."""
    with closing(client(connection)) as admin:
        _limit(admin, [user], ())


def lock_users(connection: Connection, users: Iterable[str]) -> None:
    """Gives these users passwords that nobody knows: they cannot connect any more; open connections stay. Raises CannotStart."""
    with closing(client(connection)) as admin:
        if found := open_users(admin).intersection(users):
            _lock(admin, found)
            _limit(admin, (), found)


def open_users(admin: KafkaAdminClient) -> set[str]:
    """All users that may connect."""
    stored = admin.describe_user_scram_credentials()
    return {
        user
        for user, description in stored.items()
        if any(known["iterations"] != _LOCKED_ITERATIONS for known in description["credential_infos"])
    }


def keep_rights(admin: KafkaAdminClient, districts: Iterable[str]) -> None:
    """Makes the stored rights exactly the declared ones, for these districts and no others. Raises CannotStart."""
    wanted = {rule for grant in (*access.everywhere(), *_of(districts)) for rule in _rules(grant)}
    found, _ = admin.describe_acls(_EVERY)
    ours = {f"User:{user}" for role in bus_roles() for user in access.users(role)}
    _create(admin, wanted - set(found))
    _delete(admin, {rule for rule in set(found) - wanted if rule.principal in ours})


def keep_rights_of(connection: Connection, user: str, grants: Iterable[Grant]) -> None:
    """Makes the rights of one user, of no role of ours, exactly these. Raises CannotStart."""
    wanted = {rule for grant in grants for rule in _rules(grant, (user,))}
    with closing(client(connection)) as admin:
        found = {rule for rule in admin.describe_acls(_EVERY)[0] if rule.principal == f"User:{user}"}
        _create(admin, wanted - found)
        _delete(admin, found - wanted)


def keep_rights_of_users(
    connection: Connection, prefix: str, wanted: Mapping[str, Iterable[Grant]], *, leaving: Iterable[str]
) -> list[str]:
    """Makes the rights of all users whose names begin so exactly these, and locks the users that leave. Says what has changed.

    Who has no user yet gets no rights, but keeps those that are wanted: somebody may be making it now. What is taken is taken first: a
    right that the broker does not give must not keep another one open. Raises OUTAGES.
    """
    with closing(client(connection)) as admin:
        users = {user for user in open_users(admin) if user.startswith(prefix)}
        rules = {rule for user, grants in wanted.items() for grant in grants for rule in _rules(grant, (user,))}
        found = {rule for rule in admin.describe_acls(_EVERY)[0] if rule.principal.startswith(f"User:{prefix}")}
        missing = {rule for rule in rules - found if rule.principal.removeprefix("User:") in users}
        _delete(admin, found - rules)
        gone = sorted(users & set(leaving))
        _lock(admin, gone)
        _create(admin, missing)
        limited = _limit(admin, users - set(gone), gone)
    given, taken = (
        [f"{it.principal} {it.resource_pattern.resource_name}" for it in rules] for rules in (missing, found - rules)
    )
    return [
        *(f"given: {it}" for it in sorted(given)),
        *(f"taken: {it}" for it in sorted(taken)),
        *(f"locked: {it}" for it in gone),
        *(f"quota: {it}" for it in limited),
    ]


def give(admin: KafkaAdminClient, grants: Iterable[Grant]) -> None:
    """Raises CannotStart."""
    _create(admin, {rule for grant in grants for rule in _rules(grant)})


def take_topics(admin: KafkaAdminClient, names: Iterable[str]) -> None:
    """Deletes every right on these topics, of every user."""
    _delete(admin, [
        ACLFilter(
            principal=None, host=None, operation=ACLOperation.ANY, permission_type=ACLPermissionType.ANY,
            resource_pattern=ResourcePatternFilter(ResourceType.TOPIC, name, ACLResourcePatternType.LITERAL),
        )
        for name in names
    ])  # fmt: skip


def _security(ca_file: str) -> Security:
    return "SASL_SSL" if ca_file else "SASL_PLAINTEXT"


def _of(districts: Iterable[str]) -> list[Grant]:
    return [grant for district in districts for grant in access.of_district(district)]


def _rules(grant: Grant, users: Iterable[str] = ()) -> list[ACL]:
    pattern = ACLResourcePatternType.PREFIXED if grant.prefixed else ACLResourcePatternType.LITERAL
    resource = ResourcePattern(ResourceType[grant.resource], grant.name, pattern)
    return [
        ACL(f"User:{user}", "*", ACLOperation[grant.operation], ACLPermissionType.ALLOW, resource)
        for user in users or access.users(grant.role)
    ]


def _create(admin: KafkaAdminClient, rules: Iterable[ACL]) -> None:
    if (wanted := list(rules)) and (failed := admin.create_acls(wanted)["failed"]):
        raise Refused(f"Kafka does not take {len(failed)} ACLs: {failed[0].__name__}")


def _delete(admin: KafkaAdminClient, rules: Iterable[ACLFilter]) -> None:
    if unwanted := list(rules):
        failed = [error.__name__ for _, _, error in admin.delete_acls(unwanted) if error is not NoError]
        if failed:
            raise Refused(f"Kafka does not delete {len(failed)} ACLs: {failed[0]}")


def _limit(admin: KafkaAdminClient, limited: Iterable[str], freed: Iterable[str]) -> list[str]:
    changed, error = quotas.change(admin, limited=limited, freed=freed)
    if error:
        raise Refused(f"Kafka does not take the quotas of {', '.join(changed)}: error {error}")
    return changed


def _lock(admin: KafkaAdminClient, users: Iterable[str]) -> None:
    _alter(
        admin,
        [
            UserScramCredentialUpsertion(user, _MECHANISM, token_urlsafe(32), iterations=_LOCKED_ITERATIONS)
            for user in users
        ],
    )


def _alter(admin: KafkaAdminClient, changes: list[Any]) -> None:
    if not changes:
        return
    refused = {user: reason for user, reason in admin.alter_user_scram_credentials(changes).items() if reason}
    if refused:
        raise Refused(f"Kafka does not store its users: {refused}")
