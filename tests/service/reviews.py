"""An API server that knows one token, and the rights of its owner."""

from tests.fakes.in_process_api import FakeCluster

TOKENS = "/apis/authentication.k8s.io/v1/tokenreviews"
RIGHTS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
TOKEN = "CANARY-token"
USER = {"username": "ada", "groups": ["g1", "g2"], "uid": "u-1", "extra": {"scopes": ["a", "b"]}}


class Reviews(FakeCluster):
    """Attributes: user, audiences: of the token; rights: verbs; asked: all reviews; fails: status by path."""

    def __init__(self):
        super().__init__()
        self.user = USER
        self.audiences = []
        self.rights = {"list", "create", "get", "update", "delete"}
        self.asked = []
        self.fails = {}

    def _post(self, path, query, body):
        self.asked.append((path, body["spec"]))
        if path in self.fails:
            return self.fails[path], {"message": TOKEN}
        if path == TOKENS:
            known = body["spec"]["token"] == TOKEN and self.user is not None
            return 201, {"status": {"authenticated": known, "user": self.user or {}, "audiences": self.audiences}}
        return 201, {"status": {"allowed": body["spec"]["resourceAttributes"]["verb"] in self.rights}}
