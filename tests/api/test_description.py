"""The description that is served is the one in docs/, and no call that it allows ends in a fault of ours.

`WRITE_API=1 pytest tests/api/test_description.py` writes docs/api/openapi.json anew; read the difference.
"""

import json
import os

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings

from tests import acts, cast
from tests.api.calling import PATH, portal
from tests.servers import ROOT

pytestmark = pytest.mark.django_db
FILE = ROOT / "docs" / "api" / "openapi.json"


def test_the_description_that_is_served_is_the_one_in_docs(client):
    served = client.get(f"{PATH}openapi.json").json()
    if os.environ.get("WRITE_API") == "1":
        FILE.write_text(json.dumps(served, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    assert served["openapi"].startswith("3.1")
    assert served == json.loads(FILE.read_text(encoding="utf-8"))


def test_every_refusal_is_described(client):
    served = client.get(f"{PATH}openapi.json").json()
    for path, operations in served["paths"].items():
        for method, operation in operations.items():
            if not path.endswith("/token"):
                assert {"401", "403", "404", "422", "429", "503"} <= set(operation["responses"]), (
                    path,
                    method,
                )


@pytest.mark.parametrize(
    "path", sorted(json.loads(FILE.read_text("utf-8"))["paths"] if FILE.exists() else {})
)
def test_no_call_that_the_description_allows_ends_in_a_fault(directory, path, settings):
    settings.LIMIT_CALLS_PER_MINUTE = settings.LIMIT_SEARCHES_PER_MINUTE = 1_000_000
    acts.order()
    caller = portal()
    schema = schemathesis.openapi.from_wsgi(f"{PATH}openapi.json", get_wsgi_application())
    for operation in schema[path].values():
        _call(operation, caller)


def _call(operation, caller):
    @given(case=operation.as_strategy())
    @_few
    def call(case):
        headers = {"Authorization": f"Bearer {caller.token}", "Acting-For": cast.HEAD.text}
        answer = case.call(headers=headers)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400 and "/token" not in operation.path:
            kind = "scim" if "/scim/" in operation.path else "problem"
            assert answer.headers["content-type"][0] == f"application/{kind}+json", answer.text

    call()


_few = settings(
    max_examples=6,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
