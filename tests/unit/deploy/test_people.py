"""What do people of the demo and of the sandbox read when a service refuses them?"""

import httpx

from deploy.demo.people import Refusal

PROBLEM = {
    "type": "about:blank",
    "code": "district-not-open",
    "title": "该区尚未开设",
    "next": "请先开设该区",
    "trace_id": "0af7",
}


def refusal(answer: httpx.Response) -> Refusal:
    return Refusal("POST /agencies", answer)


def test_a_refusal_says_its_code_what_is_wrong_and_what_to_do() -> None:
    found = refusal(httpx.Response(409, json=PROBLEM, headers={"Content-Type": "application/problem+json"}))

    assert str(found) == "POST /agencies: 409 district-not-open · 该区尚未开设 · 请先开设该区"
    assert found.problem == PROBLEM


def test_an_answer_without_a_problem_document_is_shown_unchanged() -> None:
    assert str(refusal(httpx.Response(502, text="bad gateway"))) == "POST /agencies: 502 bad gateway"
