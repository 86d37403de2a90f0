"""A client of the service in the same process."""

import json

import yaml

from registry.service.app import create_app

BASE = "http://localhost:8000"
EXTENSION = {
    "id": "mlflow",
    "product": "mlflow",
    "version": "1.19.0",
    "zone": "z1",
    "configuration": {"A": "1.10", "PORT": "09000"},
    "services": [
        {"id": "tracking", "resource": "mlflow-tracking", "category": "experiments"},
        {
            "id": "store",
            "resource": "s3",
            "category": "model-store",
            "auth_required": True,
            "endpoints": [{"url": "http://e:80/a b", "type": "internal", "configuration": {"E": "x"}}],
            "credentials": [
                {"id": "all", "configuration": {"PASSWORD": "CANARY"}},
                {"id": "ada", "scope": "user", "users": ["ada"], "default": True, "configuration": {"KEY": "CANARY"}},
            ],
        },
    ],
}
STORE = "/extensions/mlflow/services/store"
URL = "http:%2F%2Fe:80%2Fa%20b"


class Client:
    """Sends requests in one *form*, ``json`` or ``yaml``, and reads the answers."""

    def __init__(self, store, form="json", **options):
        self.store = store
        self.app = create_app(store, **options)
        self.form = form
        self.type = {"json": "application/json", "yaml": "application/x-yaml"}[form]

    def ask(self, method, path, body=None, **headers):
        """The status and the content of the answer; None = no content."""
        answer = self.answer(method, path, body, **headers)
        if not answer.data:
            return answer.status_code, None
        assert answer.content_type == self.type
        return answer.status_code, (json.loads if self.form == "json" else yaml.safe_load)(answer.data)

    def answer(self, method, path, body=None, **headers):
        """The answer itself; *body* is data, or bytes that are sent as they are."""
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None:
            headers.setdefault("Content-Type", self.type)
            if not isinstance(body, bytes):
                body = (json.dumps(body) if self.form == "json" else yaml.safe_dump(body)).encode()
        headers = {"Accept": self.type, **headers}
        headers = {k: v for k, v in headers.items() if v is not None}
        answer = self.app.test_client().open(path, base_url=BASE, method=method, data=body, headers=headers)
        assert b"CANARY" not in answer.data
        assert "CANARY" not in str(answer.headers)
        return answer
