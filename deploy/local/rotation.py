"""New credentials on the broker without a stop: a role's second user takes over, then its first one is locked.

    the other user gets a new password ─▶ secrets.json names it ─▶ the role's process starts again with it ─▶ the first user is locked

Invariant: at every moment the process that runs has a user that works. An interrupted rotation can be run again: the next
start of the process uses the user that secrets.json names, and the next rotation gives the other user a new password. For the role
`admin` the founder stores the users: also where the broker refuses the password that `admin` has.
Left to others: the static users of the broker's own listeners, which change with the broker's start (deploy/README.md).
"""

import secrets
from collections.abc import Callable, Sequence

from deploy.declaration import BUS_ADMIN, bus_roles, password_key, side_key
from deploy.local import access, admin, keys, processes, starting
from deploy.local.place import CannotStart, Place
from deploy.local.supervise import Supervisor


def rotate(place: Place, roles: Sequence[str], show_line: Callable[[str], None]) -> None:
    """One role after the other, all when none is named. Raises CannotStart."""
    for role in roles or bus_roles():
        known = keys.load(place.local_dir)
        changed = successor(known, role)
        former, _ = admin.user_of(known, role)
        user, password = admin.user_of(changed, role)
        keeper = admin.as_founder if role == BUS_ADMIN else admin.as_admin
        admin.keep_users(keeper(place), {user: password})
        keys.replace(place.local_dir, changed)
        _start_again(place)
        admin.lock_users(keeper(place), [former])
        show_line(f"{user} has taken over from {former}")


def successor(known: dict[str, str], role: str) -> dict[str, str]:
    """The secrets that change: the other side, and its password. Raises CannotStart for what is no role."""
    if role not in bus_roles():
        raise CannotStart(f"{role} is no role of the broker: choose from {', '.join(bus_roles())}.")
    return {side_key(role): access.other(known[side_key(role)]), password_key(role): secrets.token_urlsafe(32)}


def _start_again(place: Place) -> None:
    """Restarts the processes whose environment has changed, and only those."""
    supervisor, declared = Supervisor(place), processes.supervised(place)
    changed = supervisor.declare_anew(declared)
    if again := [process for process in declared if process.name in changed]:
        starting.start(supervisor, place, again)
