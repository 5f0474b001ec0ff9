"""Are a page's texts read from memory? A page asks for hundreds of them."""

import time

from flask import Flask

from shared.web.shell import shell, text

TEXTS, MOST_SECONDS = 1_000, 1.0  # of processor time; reading the catalogue for each would take some 3


def test_a_text_does_not_read_the_catalogue_again() -> None:
    app = Flask("texts", static_folder=None)
    app.register_blueprint(shell())
    with app.test_request_context("/"):
        began = time.process_time()
        found = {text("shell.help") for _ in range(TEXTS)}

    assert found == {"帮助"}
    assert time.process_time() - began < MOST_SECONDS
