"""Everything that docs/registry-service.md offers, as requests in their order."""

from typing import Any, NamedTuple

URL = "http:%2F%2Fe:80%2Fa%20b"
VALUE = "CANARY-of-a-login"
LOGIN = {"id": "l", "configuration": {"PASSWORD": VALUE}}
ENDPOINT = {"url": "http://e:80/a b", "type": "internal"}
SERVICE = {"id": "s", "resource": "r", "endpoints": [ENDPOINT], "credentials": [LOGIN]}
EXTENSION = {"id": "demo", "product": "mlflow", "services": [SERVICE]}
HIDDEN = {**LOGIN, "configuration": {"PASSWORD": "<hidden>"}}
ONE = "/extensions/demo"
IN_SERVICE = f"{ONE}/services/s"


class Request(NamedTuple):
    """A request, the right that it needs, and the answer to whoever has it."""

    method: str
    path: str
    verb: str
    status: int
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


REQUESTS = [
    Request("POST", "/extensions", "create", 201, EXTENSION),
    Request("GET", "/extensions", "list", 200),
    Request("GET", "/extensions?product=mlflow&limit=1", "list", 200),
    Request("GET", ONE, "get", 200),
    Request("PUT", ONE, "update", 200, {"zone": "z"}),
    Request("GET", f"{ONE}/services", "get", 200),
    Request("POST", f"{ONE}/services", "update", 201, {"id": "t"}),
    Request("GET", IN_SERVICE, "get", 200),
    Request("PUT", IN_SERVICE, "update", 200, {"category": "c"}),
    Request("GET", f"{IN_SERVICE}/endpoints", "get", 200),
    Request("POST", f"{IN_SERVICE}/endpoints", "update", 201, {"url": "http://f"}),
    Request("GET", f"{IN_SERVICE}/endpoints/{URL}", "get", 200),
    Request("PUT", f"{IN_SERVICE}/endpoints/{URL}", "update", 200, {"type": "external"}),
    Request("GET", f"{IN_SERVICE}/credentials", "get", 200),
    Request("POST", f"{IN_SERVICE}/credentials", "update", 201, {**LOGIN, "id": "m"}),
    Request("GET", f"{IN_SERVICE}/credentials/l", "get", 200),
    Request("PUT", f"{IN_SERVICE}/credentials/l", "update", 200, {"scope": "user", "users": ["ada"]}),
    Request("PUT", f"{IN_SERVICE}/credentials/l", "update", 200, HIDDEN),
    Request("PUT", f"{IN_SERVICE}/credentials/l", "update", 200, {"configuration": {"KEY": VALUE}}),
    # One value of two is changed: the service has to know the other one.
    Request("PUT", f"{IN_SERVICE}/credentials/l", "update", 200, {"configuration": {"KEY": "<hidden>", "B": VALUE}}),
    Request("DELETE", f"{IN_SERVICE}/credentials/m", "update", 204),
    Request("DELETE", f"{IN_SERVICE}/endpoints/{URL}", "update", 204),
    Request("DELETE", f"{ONE}/services/t", "update", 204),
    Request("DELETE", ONE, "delete", 204),
]
