"""Opens one page of reporting in each language, in the tree that it is started in: `python -m tests.support.new_page /groups TOKEN`.

Prints JSON: what each page shows, where the head leads and what the front door knows.
"""

import json
import sys

from deploy.declaration import SERVICES
from services.reporting import application

_LANGUAGES = ("zh-Hans", "zh-Hant", "en")


def main(path: str, token: str) -> int:
    browser = application.create().test_client()
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    opened = {name: browser.get(path, query_string={"language": name}, headers=headers) for name in _LANGUAGES}
    shown = {name: [page.status_code, page.text] for name, page in opened.items()}
    print(json.dumps({"shown": shown, "front_door": SERVICES["reporting"].pages}))  # noqa: T201 - its answer
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
