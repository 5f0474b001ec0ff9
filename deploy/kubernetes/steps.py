"""Jobs: what is done once before the processes of a version start.

Invariant: a Job may run again and then changes nothing, so a failed one is simply tried again, in whichever order they begin.
Left to others: their order before the Deployments (README.md).
"""

from typing import Final

from deploy import declaration
from deploy.declaration import BUS_ADMIN, DATABASE_ROLES, SERVICES
from deploy.kinds import Service
from deploy.kubernetes import network
from deploy.kubernetes.pods import Container, labels, selector, template
from deploy.kubernetes.site import SITE, Document, Settings, settings
from deploy.kubernetes.workloads import BEFORE, ORDER, SERVERS, image, read_at_terminal
from deploy.local.system import SAMPLE_DISTRICTS

MIGRATE: Final = "migrate"
_TRIES: Final = 10


def migration(service: Service) -> list[Document]:
    """The schema of the new version, in which the former version's processes go on working (decision 14)."""
    container = Container(
        image=image(service.name),
        arguments=(MIGRATE,),
        settings=read_at_terminal(service),
        own_settings=f"{service.name}-settings",
    )
    return _job(f"{service.name}-{MIGRATE}", service.name, container, network.DATABASE)


def databases() -> list[Document]:
    """Each service's database and its users, with the administrator's password."""
    container = Container(image=image("platform"), arguments=("deploy.images.databases",), settings=read_by_databases())
    return _job("databases", SERVERS, container, network.DATABASE)


def topics() -> list[Document]:
    """The topics of these districts and the rights on them. The broker has its users already."""
    arguments = ("deploy.images.topics", *SAMPLE_DISTRICTS)
    container = Container(
        image=image("platform"), arguments=arguments, settings=read_by_topics(), own_settings="topics-settings"
    )
    return _job("topics", SERVERS, container, network.BROKER)


def read_by_databases() -> Settings:
    passwords = [f"{service}_{role}_password" for service in SERVICES for role in DATABASE_ROLES]
    passwords += map(declaration.debezium_key, declaration.publishing())
    read = {name.upper(): SITE.secret(name) for name in ("postgres_password", *passwords)}
    return settings("databases", {**read, declaration.LEAVE_BY: SITE.events_leave_by})


def read_by_topics() -> Settings:
    read = declaration.bus_user(SITE, BUS_ADMIN) | {declaration.LEAVE_BY: SITE.events_leave_by}
    return settings("topics", read)


def _job(name: str, owner: str, container: Container, reached: Document) -> list[Document]:
    component = name.removeprefix(f"{owner}-")
    pod = template(labels(owner, component), container)
    pod["spec"]["restartPolicy"] = "OnFailure"
    job: Document = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": {**labels(owner, component), ORDER: BEFORE}},
        "spec": {"backoffLimit": _TRIES, "template": pod},
    }
    return [job, network.policy(name, selector(owner, component), ingress=[], egress=[reached])]
