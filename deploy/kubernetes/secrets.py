"""python -m deploy.kubernetes.secrets: prints the Secret and the config map that hold an installation's secrets, for `kubectl apply -f -`.

    python -m deploy.kubernetes.secrets | kubectl apply --server-side -n clearwater -f -

The values are those of `make secrets`, kept in .local-containers/secrets.json: made where they are missing, kept where they are there.
Nothing is written to a file beside that. An installation with a store of secrets of its own makes these two objects from it.
"""

import sys
from pathlib import Path

from deploy.images import secret_files
from deploy.images.parts import as_yaml
from deploy.images.running import KEPT_IN
from deploy.kubernetes import tree
from deploy.kubernetes.site import PUBLIC, SECRET, Document, public_names
from deploy.local import keys


def documents(local_dir: Path) -> list[Document]:
    known = keys.load(local_dir)
    every = tree.all_settings()
    templates = {source: template for settings in every for source, template in settings.templates.items()}
    files = {name: secret_files.filled(template, known) for name, template in sorted(templates.items())}
    public = {
        name: known[name] for name in sorted(set().union(*(public_names(settings.variables) for settings in every)))
    }
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "type": "Opaque", "stringData": files},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": PUBLIC}, "data": public},
    ]


if __name__ == "__main__":
    sys.stdout.write(as_yaml(*documents(KEPT_IN)))
