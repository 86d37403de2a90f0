"""Attempts of tenants to get credentials that are not for them, on a cluster with the product as it is installed."""

import json
import ssl
import urllib.error
import urllib.request
import uuid
from base64 import b64decode

import pytest

from tests.e2e.support.canary import MARK, forms, marker
from tests.e2e.support.product import NAMESPACE, REGISTRY
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.references import RESOLVED, extension
from tests.e2e.workloads.runs import ended, submit
from tests.e2e.workloads.shared_credentials import PROJECT, SOURCE, copies, given_to, runs_of_every_kind

OWNER = "extensions.fuseml.org/owner"
WEBHOOK = f"system:serviceaccount:{NAMESPACE}:fuseml-webhook"
WRITES = {"create", "update", "patch", "delete", "deletecollection"}
LOGIN = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "password"}
RBAC = {"apiVersion": "rbac.authorization.k8s.io/v1"}


class Person:
    """Somebody with the rights that a test gives, and kubectl."""

    def __init__(self, kubectl):
        self.name = f"e2e-{uuid.uuid4().hex[:8]}"
        self._kubectl = kubectl
        self._given = []

    def may(self, *rules):
        """Give rights in the whole cluster."""
        role = f"{self.name}-{len(self._given)}"
        self._given.append(role)
        self._kubectl("create", "-f", "-", stdin=[
            {**RBAC, "kind": "ClusterRole", "metadata": {"name": role}, "rules": list(rules)},
            {**RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": role}, "subjects": [self._subject],
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}},
        ])  # fmt: skip

    def has(self, role, namespace):
        """Give a role of Kubernetes in one namespace."""
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
        binding = {**RBAC, "kind": "RoleBinding", "metadata": {"name": self.name}, "roleRef": reference}
        self._kubectl.within(namespace)("create", "-f", "-", stdin={**binding, "subjects": [self._subject]})

    def within(self, namespace):
        """Kubectl as this person; every call must succeed."""
        here = self._kubectl.within(namespace)
        return lambda *args, stdin=None: here(*args, f"--as={self.name}", stdin=stdin)

    def refused(self, namespace):
        """Kubectl as this person; every call must fail, and gives its message."""
        here = self._kubectl.within(namespace)
        return lambda *args, stdin=None: here.fails(*args, f"--as={self.name}", stdin=stdin)

    def leave(self):
        for role in self._given:
            self._kubectl("delete", f"clusterrole/{role}", f"clusterrolebinding/{role}", "--ignore-not-found")

    @property
    def _subject(self):
        return {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": self.name}


@pytest.fixture
def person(product, kubectl):
    people = []

    def person():
        people.append(Person(kubectl))
        return people[-1]

    yield person
    for one in people:
        one.leave()


@pytest.fixture
def tenant(person):
    """May do everything with namespaces, and is the administrator of those that a test gives her."""
    tenant = person()
    resources = ["namespaces", "namespaces/status", "namespaces/finalize"]
    tenant.may({"apiGroups": [""], "resources": resources, "verbs": ["*"]})
    return tenant


@pytest.fixture
def register(kubectl, product):
    """Registers objects for everyone; they are removed after the test."""
    here = kubectl.within(REGISTRY)
    names = []

    def register(*objects):
        names.extend(f"{obj['kind'].lower()}/{obj['metadata']['name']}" for obj in objects)
        here("apply", "-f", "-", stdin=list(objects))

    yield register
    here("delete", "--ignore-not-found", *names)


def secret(name, label="", **values):
    labels = {SOURCE: label} if label else {}
    kind = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}}
    return {**kind, "stringData": values or {"user": marker(), "password": marker()}}


def record(name, secret_name, *, service="api", product="", **credentials):
    login = {"id": "default", "secretRef": {"name": secret_name}, "configuration": LOGIN, **credentials}
    obj = extension(name, {}, resource="s3", auth_required=True, credentials=[login])
    obj["spec"]["product"] = product or name
    obj["spec"]["services"][0]["id"] = service
    return obj


def unique(what):
    return f"{what}-{uuid.uuid4().hex[:8]}"


def asking_run(image, **criteria):
    step = {"name": "main", "image": image, "command": ["true"], "extensions": [{"name": "store", **criteria}]}
    spec = {"taskSpec": {"steps": [step]}}
    return {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": unique("run")}, "spec": spec}


def references(here, run):
    """The Secrets to which the admitted *run* refers."""
    admitted = here.json("create", "--dry-run=server", "-f", "-", stdin=run)
    env = admitted["spec"]["taskSpec"]["steps"][0].get("env", ())
    return {entry["valueFrom"]["secretKeyRef"]["name"] for entry in env if "valueFrom" in entry}


# Reviews that nobody but the API server should send


def post(kubectl, review):
    """What the webhook answers to a request that does not come from an API server."""
    service = kubectl.json("get", "service", "fuseml-webhook", "-n", NAMESPACE)
    configuration = kubectl.json("get", "mutatingwebhookconfiguration", "extensions.fuseml.org")
    path = configuration["webhooks"][0]["clientConfig"]["service"]["path"]
    url = f"https://{service['spec']['clusterIP']}:{service['spec']['ports'][0]['port']}{path}"
    request = urllib.request.Request(url, json.dumps(review).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30, context=ssl._create_unverified_context()) as answer:
            return answer.read()
    except urllib.error.HTTPError as e:
        return e.read()


def test_a_forged_review_gets_references_and_changes_nothing(shared, team, node, kubectl, images):
    product, values = shared(scope="user", users=["ada"])
    victim = team()
    kubectl("annotate", "namespace", victim.namespace, f"{OWNER}=ada")
    wait_for(lambda: copies(victim, product), 60, "a delivery")
    run = asking_run(images.busybox, product=product)
    namespaces = [victim.namespace, "default", REGISTRY, NAMESPACE, "is-not-there", "", "../x"]
    users = ["ada", "system:admin", f"system:serviceaccount:{NAMESPACE}:fuseml-controller", ""]
    before = copies(victim, product)
    since, answers = node.audit_position(), []

    for namespace in namespaces:
        for user in users:
            for groups in ([], ["system:masters"]):
                request = {
                    "uid": uuid.uuid4().hex, "operation": "CREATE", "namespace": namespace, "name": "x",
                    "kind": {"group": "tekton.dev", "version": "v1", "kind": "TaskRun"},
                    "resource": {"group": "tekton.dev", "version": "v1", "resource": "taskruns"},
                    "userInfo": {"username": user, "groups": groups}, "object": run,
                }  # fmt: skip
                review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
                answers.append(post(kubectl, review))

    text = b"".join(answers)
    assert b'"allowed":true' in text.replace(b" ", b""), "the victim's own question is answered"
    assert not [form for form in forms(MARK) if form in text]
    assert not [value for value in values.values() if value.encode() in text]
    reviews = [json.loads(answer) for answer in answers if answer.startswith(b"{")]
    patches = [review["response"].get("patch", "") for review in reviews if "response" in review]
    assert not [patch for patch in patches if any(form in b64decode(patch) for form in forms(MARK))]
    assert copies(victim, product) == before
    by_the_webhook = [e for e in node.audit(since) if e["user"]["username"] == WEBHOOK and e["verb"] in WRITES]
    assert by_the_webhook == []


def test_a_forged_note_gets_no_more_than_its_writer_could_ask_for(shared, team, images):
    product, _ = shared(scope="project", projects=["red"])
    red, blue = team("red"), team("blue")
    run = asking_run(images.busybox, product=product)
    asked = references(red, run)
    block = run["spec"]["taskSpec"]["steps"][0].pop("extensions")
    note = {"kind": "TaskRun", "taken": [{"to": ["main"], "content": block}]}
    run["metadata"]["annotations"] = {RESOLVED: json.dumps(note)}

    assert references(red, run) == asked
    assert "requires credentials" in blue.fails("create", "-f", "-", stdin=run)


# Namespaces that say they are somebody else's


@pytest.mark.parametrize("kind", ["label", "annotate"])
def test_a_tenant_cannot_make_her_namespace_another_projects_or_persons(tenant, team, shared, kind, images):
    scope = {"scope": "project", "projects": ["red"]} if kind == "label" else {"scope": "user", "users": ["ada"]}
    product, _ = shared(**scope)
    own, key = team("blue"), {"label": f"{PROJECT}=red", "annotate": f"{OWNER}=ada"}[kind]
    refused = tenant.refused(own.namespace)

    attempts = [
        refused(kind, "namespace", own.namespace, key, "--overwrite"),
        refused("label", "namespace", own.namespace, f"{PROJECT}-"),
        refused("create", "-f", "-", stdin=claimed(kind, unique("e2e-forged"))),
        refused("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=claimed(kind, own.namespace)),
        refused("replace", "-f", "-", stdin=claimed(kind, own.namespace)),
        refused(
            "patch", "namespace", own.namespace, "--subresource=status", "--type=merge",
            f"--patch={json.dumps({'metadata': claimed(kind, own.namespace)['metadata']})}",
        ),
    ]  # fmt: skip

    assert all("need the verb assign" in message for message in attempts), attempts
    assert "requires credentials" in own.fails("create", "-f", "-", stdin=asking_run(images.busybox, product=product))
    assert copies(own, product) == []


def claimed(kind, name):
    metadata = {"labels": {PROJECT: "red"}} if kind == "label" else {"annotations": {OWNER: "ada"}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}


def test_a_namespace_that_is_created_again_gets_nothing_of_the_first(tenant, team, shared, kubectl, images):
    product, _ = shared(scope="project", projects=["red"])
    first = team("red")
    wait_for(lambda: copies(first, product), 60, "a delivery")
    as_tenant = tenant.within(first.namespace)

    as_tenant("delete", "namespace", first.namespace, "--timeout=120s")
    as_tenant("create", "namespace", first.namespace)

    run = asking_run(images.busybox, product=product)
    assert "has neither a project nor an owner" in first.fails("create", "-f", "-", stdin=run)
    assert copies(first, product) == []
    kubectl("label", "namespace", first.namespace, f"{PROJECT}=red")
    wait_for(lambda: copies(first, product), 60, "a delivery after an administrator has said so")


# Copies that are not there, or not ours


def test_who_names_a_copy_that_is_not_there_waits_for_nothing(tenant, team, shared, images):
    product, _ = shared(scope="project", projects=["red"])
    red, own = team("red"), team("blue")
    tenant.has("admin", own.namespace)
    tenant.may({"apiGroups": ["tekton.dev"], "resources": ["taskruns"], "verbs": ["create"]})
    wait_for(lambda: copies(red, product), 60, "a delivery")
    name = copies(red, product)[0]["metadata"]["name"]
    env = [{"name": "STOLEN", "valueFrom": {"secretKeyRef": {"name": name, "key": "AWS_ACCESS_KEY_ID"}}}]
    container = {"name": "main", "image": images.busybox, "command": ["env"], "env": env}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "thief"}, "spec": {"containers": [container]}}
    as_tenant = tenant.within(own.namespace)

    as_tenant("create", "-f", "-", stdin=pod)
    as_tenant("create", "-f", "-", stdin={
        "apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "thief"},
        "spec": {"timeout": "40s", "taskSpec": {"steps": [container]}},
    })  # fmt: skip

    def waiting():
        statuses = own.api.get("pods", "thief")["status"].get("containerStatuses", ())
        return any(f'secret "{name}" not found' in s["state"].get("waiting", {}).get("message", "") for s in statuses)

    wait_for(waiting, 60, "the kubelet's message")
    assert own.api.get("pods", "thief")["status"]["phase"] == "Pending"
    assert ended(own, "taskrun", "thief").startswith("Failed")
    assert "config error" in own.api.get("taskruns", "thief")["status"]["conditions"][0]["message"]
    assert copies(own, product) == []


def test_a_tenant_can_neither_put_a_copy_there_nor_change_or_delete_ours(tenant, team, shared, images):
    product, values = shared()
    own = team("red")
    tenant.has("admin", own.namespace)
    wait_for(lambda: copies(own, product), 60, "a delivery")
    (copy,) = copies(own, product)
    name, refused = copy["metadata"]["name"], tenant.refused(own.namespace)

    attempts = [
        refused("create", "-f", "-", stdin=secret("fuseml-credentials-mine")),
        refused("create", "-f", "-", stdin=secret("mine") | {"type": "fuseml.org/credentials"}),
        refused("create", "secret", "generic", f"fuseml-credentials-{product}-x", "--from-literal=a=b"),
        refused("patch", "secret", name, "--type=merge", '--patch={"stringData": {"AWS_ACCESS_KEY_ID": "x"}}'),
        refused("label", "secret", name, "mine=yes"),
        refused("annotate", "secret", name, "mine=yes"),
        refused("replace", "-f", "-", stdin=secret(name) | {"type": "fuseml.org/credentials"}),
        refused("delete", "secret", name),
        refused("delete", "secrets", "--all"),
    ]

    assert all("credentials.extensions.fuseml.org" in message for message in attempts), attempts
    assert copies(own, product) == [copy]
    _, runs = runs_of_every_kind(product, images.python)
    submit(own, runs[0])
    assert given_to(own, "pipelinerun", "inline", values) == values


# Registrars


def test_a_registrar_who_may_not_read_secrets_gets_none_delivered(person, team, kubectl, register, images):
    registrar, name = person(), unique("thief")
    rules = {"apiGroups": ["fuseml.org"], "resources": ["extensions"], "verbs": ["*"]}
    registrar.may(rules)
    own, other = team("red"), unique("other")
    register(secret(f"{name}-plain"), secret(f"{name}-foreign", other))
    as_registrar = registrar.within(REGISTRY)
    assert "forbidden" in registrar.refused(REGISTRY)("get", "secret", f"{name}-plain")
    assert "forbidden" in registrar.refused(REGISTRY)("label", "secret", f"{name}-plain", f"{SOURCE}={name}")

    for number, wanted in enumerate((f"{name}-plain", f"{name}-foreign", "fuseml-webhook-ca", "fuseml-webhook-tls")):
        thief = f"{name}-{number}"
        register(record(thief, "nothing"))
        as_registrar("apply", "-f", "-", stdin=record(thief, wanted))
        message = own.fails("create", "-f", "-", stdin=asking_run(images.busybox, product=thief))

        assert "is missing, lacks a key or is not labelled for it" in message
        assert copies(own, thief) == []
        status = wait_for(
            lambda thief=thief: kubectl.json("get", "ext", thief, "-n", REGISTRY).get("status"), 30, "a status"
        )
        conditions = {c["type"]: c["message"] for c in status["conditions"]}
        # The same for what is there and what is not.
        assert conditions["Ready"] == f"Secret '{wanted}' is not there, or lacks the label {SOURCE}={thief}"


# Other people's private extensions


def test_a_run_reaches_neither_another_namespaces_extension_nor_its_secret(team, images):
    own, theirs, name = team("red"), team("blue"), unique("private")
    theirs("create", "-f", "-", stdin=[secret("login"), record(name, "login")])
    assert references(theirs, asking_run(images.busybox, product=name)) == {"login"}

    for criteria in ({"product": name}, {"extension_id": name}, {"extension_id": name, "service_id": "api"}):
        message = own.fails("create", "-f", "-", stdin=asking_run(images.busybox, **criteria))
        assert "nothing fits" in message
        assert theirs.namespace not in message
    for wanted in (f"{theirs.namespace}/login", f"../{theirs.namespace}/login"):
        assert "secretRef.name" in own.fails("create", "-f", "-", stdin=record(unique("bridge"), wanted))
    own("create", "-f", "-", stdin=record("bridge", "login"))
    run = asking_run(images.busybox, product="bridge")
    # A Secret of the run's own namespace, in which there is none.
    assert references(own, run) == {"login"}


def test_a_private_extension_that_has_a_shared_ones_id_changes_nothing_for_others(shared, team, images):
    product, values = shared()
    own, theirs = team("red"), team("blue")
    wait_for(lambda: copies(theirs, product), 60, "a delivery")
    own("create", "-f", "-", stdin=[secret("trap"), record(product, "trap")])

    for criteria in ({"product": product}, {"extension_id": product}):
        run = asking_run(images.busybox, **criteria)
        (named,) = references(theirs, run)
        assert named == copies(theirs, product)[0]["metadata"]["name"]
        assert references(own, run) == {"trap"}
    _, runs = runs_of_every_kind(product, images.python)
    submit(theirs, runs[0])
    assert given_to(theirs, "pipelinerun", "inline", values) == values


# Ids that could be mistaken for one another


def test_ids_that_look_alike_when_they_are_joined_have_copies_of_their_own(register, team, images):
    start, own = unique("a"), team("red")
    ids = [(start, "b-c"), (f"{start}-b", "c"), (f"{start}-b-c", "c")]
    logins = {}
    for name, service in ids:
        login = secret(f"{name}-login", name)
        logins[name] = login["stringData"]
        register(login, record(name, f"{name}-login", service=service))

    named = {}
    for name, _ in ids:
        run = asking_run(images.busybox, extension_id=name)
        (named[name],) = wait_for(lambda run=run: _references_or_none(own, run), 60, "a delivery")

    assert len(set(named.values())) == len(ids)
    for name, copy in named.items():
        data = own.api.get("secrets", copy)["data"]
        found = {key: b64decode(value).decode() for key, value in data.items()}
        assert found == {variable: logins[name][key] for variable, key in LOGIN.items()}


def _references_or_none(here, run):
    done = here.run("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=run)
    return references(here, run) if done.returncode == 0 else None
