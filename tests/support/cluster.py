"""What kustomize makes of deploy/kubernetes, for tests that read it."""

from typing import Any

from deploy.declaration import SERVICES
from deploy.local.place import ROOT
from tests.support import kustomize

Document = dict[str, Any]
FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("small", "city")
ROLES = {f"{service.name}-{role.name}": (service, role) for service in SERVICES.values() for role in service.roles}
SERVING = {name for name, (_, role) in ROLES.items() if role.serves}


def overlay(name: str) -> list[Document]:
    return kustomize.build(FOLDER / "overlays" / name)


def of(documents: list[Document], kind: str) -> dict[str, Document]:
    return {document["metadata"]["name"]: document for document in documents if document["kind"] == kind}


def pods(documents: list[Document]) -> dict[str, Document]:
    """The pod templates of Deployments and Jobs, by name."""
    return {
        name: item["spec"]["template"] for kind in ("Deployment", "Job") for name, item in of(documents, kind).items()
    }


def container(pod: Document) -> Document:
    (only,) = pod["spec"]["containers"]
    return only


def sizes(pod: Document) -> dict[str, int]:
    """The folders in memory by name, in MB."""
    limits = {
        volume["name"]: volume["emptyDir"]["sizeLimit"] for volume in pod["spec"]["volumes"] if "emptyDir" in volume
    }
    return {name: int(limit.removesuffix("Mi")) for name, limit in limits.items()}


def read_secrets(pod: Document) -> dict[str, str]:
    """The files with secrets of a pod, with the key of each."""
    sources = [source for volume in pod["spec"]["volumes"] for source in volume.get("projected", {}).get("sources", ())]
    return {item["path"]: item["key"] for source in sources for item in source["secret"].get("items", ())}
