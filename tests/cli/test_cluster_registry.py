"""The way to the API server, and the commands that read a cluster's registry."""

import json

import pytest
from click.testing import CliRunner

from registry.delivery import ledger
from registry.delivery.copies import copy_of
from registry.errors import UnreadableError
from registry.kube.connect import connect
from registry.records import codec
from registry.stores.cluster import EXTENSIONS, NAMESPACES, ledgers_of
from tests.fakes.object_api import write_kubeconfig
from tests.fakes.watched_api import FakeApi, serving
from webhook.cli.main import commands

RUN = """
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: r, namespace: %s}
spec:
  taskSpec:
    steps:
      - name: a
        image: i
        extensions: [{name: tracking, product: mlflow}]
"""
GATED = """
apiVersion: v1
kind: Pod
metadata:
  name: p
  namespace: %s
  annotations:
    extensions.fuseml.org/pod-selectors: "main: {extensions: [{name: tracking, product: mlflow}]}"
spec:
  schedulingGates: [{name: extensions.fuseml.org/injection}]
  containers: [{name: main, image: i}]
"""
MLFLOW = {
    "apiVersion": "fuseml.org/v1alpha1",
    "kind": "Extension",
    "metadata": {"namespace": "fuseml", "name": "mlflow"},
    "spec": {"product": "mlflow", "services": [{"id": "ui", "configuration": {"WHOSE": "everyone"}}]},
}


@pytest.fixture
def api():
    api = FakeApi()
    own = {**MLFLOW, "metadata": {"namespace": "team-a", "name": "mlflow"}}
    own["spec"] = {"product": "mlflow", "services": [{"id": "ui", "configuration": {"WHOSE": "team"}}]}
    for obj in (MLFLOW, own):
        api.put(EXTENSIONS, obj)
    api.put(NAMESPACES, {"metadata": {"name": "team-a"}})
    api.put(NAMESPACES, {"metadata": {"name": "team-b", "labels": {"extensions.fuseml.org/project": "beta"}}})
    return api


@pytest.fixture
def invoke(api, tmp_path):
    """Runs a command on the cluster's registry, for a run in some namespace."""
    with serving(api) as client:
        write_kubeconfig(tmp_path / "kubeconfig", client.configuration.host)

        def invoke(command, where, *more, run=RUN):
            options = ["--registry-namespace", "fuseml", "--kubeconfig", str(tmp_path / "kubeconfig"), *more]
            return CliRunner().invoke(commands, [command, "-f", "-", *options], input=run % where)

        yield invoke


@pytest.mark.parametrize(("where", "whose"), [("team-a", "team"), ("team-b", "everyone")])
def test_preview_shows_what_the_run_would_get_in_its_namespace(invoke, where, whose):
    result = invoke("preview", where, "-o", "env")

    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(f"WHOSE={whose}  # selector 'tracking'\n")


def test_explain_takes_the_project_from_the_namespace(invoke):
    result = invoke("explain", "team-b")

    assert "asked for by project 'beta'" in result.stdout


def test_a_namespace_without_the_label_has_no_project(invoke):
    assert invoke("explain", "team-a").stdout.startswith("TaskRun/r: asked for by project '', user ''")


def test_project_and_owner_can_be_given_in_place_of_the_namespaces_own(invoke):
    result = invoke("explain", "nowhere", "--project", "alpha", "--owner", "ann", "--user", "bob")

    assert result.stdout.startswith("TaskRun/r: asked for by project 'alpha', owner 'ann', user 'bob'")


def test_the_keys_by_which_namespaces_say_it_can_be_chosen(api, invoke):
    annotations = {"owner": "ann"}
    api.put(NAMESPACES, {"metadata": {"name": "profile", "labels": {"tenant": "alpha"}, "annotations": annotations}})

    result = invoke("explain", "profile", "--project-label", "tenant", "--owner-annotation", "owner")

    assert result.stdout.startswith("TaskRun/r: asked for by project 'alpha', owner 'ann'")


def test_a_namespace_that_does_not_exist_is_not_guessed_at(invoke):
    result = invoke("preview", "nowhere")

    assert (result.exit_code, result.stderr) == (
        1,
        "error: namespace 'nowhere' does not exist in this cluster; give --project\n",
    )


def test_cluster_without_the_product_is_an_error(api, invoke):
    api.refuse = 404

    result = invoke("preview", "team-a", "--project", "alpha")

    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert result.stderr.endswith("the cluster has nothing of that kind; is it installed there?\n")


LOGIN = {"id": "login", "secretRef": {"name": "minio"}, "configuration": {"KEY": "key"}}
(COPY,) = (
    copy_of(e.id, s.id, c)
    for e in [codec.decode({"id": "mlflow", "product": "mlflow", "services": [{"id": "ui", "credentials": [LOGIN]}]})]
    for s in e.services
    for c in s.credentials
)
NOT_YET = "fuseml controller has not delivered them to this namespace yet; if that lasts, it does not run"


def put_shared(api, *, delivered=(), **login):
    """Register shared credentials, and note in the ledger of team-b which copies it has."""
    services = [{"id": "ui", "credentials": [{**LOGIN, **login}]}]
    api.put(EXTENSIONS, {**MLFLOW, "spec": {"product": "mlflow", "services": services}})
    api.put(NAMESPACES, {"metadata": {"name": "team-c", "uid": "u-c"}})
    metadata = {"name": "team-b", "uid": "u-b", "labels": {"extensions.fuseml.org/project": "beta"}}
    api.put(NAMESPACES, {"metadata": metadata})
    data = {copy.name: f"delivered shape={copy.shape}" for copy in delivered}
    labels = {ledger.LABEL: ""}
    metadata = {"namespace": "system", "name": ledger.name_for("u-b"), "labels": labels}
    api.put(ledgers_of("system"), {"metadata": metadata, "data": data})


@pytest.mark.parametrize(
    ("delivered", "options", "where", "expected"),
    [
        pytest.param([COPY], ["--ledger-namespace", "system"], "team-b", f"delivered as {COPY.name}", id="delivered"),
        pytest.param([], ["--ledger-namespace", "system"], "team-b", f"not delivered: {NOT_YET}", id="not-delivered"),
        pytest.param([], [], "team-b", f"as copy {COPY.name}, which was not checked", id="not-checked"),
    ],
)
def test_explain_says_where_shared_credentials_come_from(api, invoke, delivered, options, where, expected):
    put_shared(api, delivered=delivered)

    result = invoke("explain", where, *options)

    assert f"      credentials: login, from Secret minio of namespace fuseml, {expected}\n" in result.stdout
    assert (result.exit_code, "admitted" in result.stdout) == ((1, False) if "not delivered" in expected else (0, True))


def test_explain_says_who_can_give_a_namespace_a_project(api, invoke):
    put_shared(api)

    result = invoke("explain", "team-c")

    assert (
        "      credentials: none: namespace 'team-c' has neither a project nor an owner; whoever has the verb assign "
        "on projects.fuseml.org can run: kubectl label namespace team-c extensions.fuseml.org/project=NAME\n"
    ) in result.stdout
    assert "warning: stdin:10: steps[a]: selector 'tracking': no credentials: namespace lacks label" in result.stdout


def test_explain_says_that_no_scope_includes_the_namespace(api, invoke):
    put_shared(api, scope="project", projects=["gamma"])

    result = invoke("explain", "team-b")

    assert "      credentials: none: no scope includes project 'beta', owner ''\n" in result.stdout


def test_explain_says_which_secret_of_the_namespace_has_ones_own_credentials(api, invoke):
    services = [{"id": "ui", "credentials": [LOGIN]}]
    own = {"namespace": "team-a", "name": "mlflow"}
    api.put(EXTENSIONS, {**MLFLOW, "metadata": own, "spec": {"product": "mlflow", "services": services}})

    assert "      credentials: login, from Secret minio of this namespace\n" in invoke("explain", "team-a").stdout


def test_explain_says_it_to_programs_as_well(api, invoke):
    put_shared(api, delivered=[COPY])

    (told,) = json.loads(invoke("explain", "team-b", "--ledger-namespace", "system", "-o", "json").stdout)

    assert told["consumer"] == {"zone": "", "project": "beta", "owner": "", "user": ""}
    assert told["steps"][0]["selectors"][0]["chosen"]["credentials"] == {
        "id": "login",
        "secret": {"name": "minio", "namespace": "fuseml"},
        "copy": {"name": COPY.name, "lack": ""},
    }


def test_explain_and_preview_say_what_a_pod_at_our_gate_waits_for(api, invoke):
    put_shared(api)
    options = ["--ledger-namespace", "system"]

    explained, previewed = (invoke(command, "team-b", *options, run=GATED) for command in ("explain", "preview"))

    assert (explained.exit_code, previewed.exit_code) == (0, 0)
    assert f": waits at a gate for {COPY.name}\n" in explained.stdout
    assert explained.stdout.endswith("\nadmitted\n")
    assert f"extensions.fuseml.org/waiting: {COPY.name}\n" in previewed.stdout


def test_preview_refuses_what_has_not_been_delivered_if_it_can_check_that(api, invoke):
    put_shared(api)

    checked = invoke("preview", "team-b", "--ledger-namespace", "system")

    assert checked.exit_code == 1
    assert "credentials 'login' of mlflow/ui are not in namespace 'team-b': " in checked.stderr
    assert COPY.name in invoke("preview", "team-b").stdout


def test_who_may_not_read_ledgers_gets_a_warning_and_an_answer(api, invoke):
    put_shared(api)
    refused = f"{ledgers_of('system')}/{ledger.name_for('u-b')}"
    api.refused = {refused, f"{NAMESPACES}/team-b/secrets"}

    result = invoke("preview", "team-b", "--ledger-namespace", "system")

    assert result.exit_code == 0
    assert result.stderr == (
        "warning: not checked whether shared credentials have been delivered to 'team-b': "
        f"{refused}: refused with 403\n"
    )
    assert COPY.name in result.stdout


def test_files_have_no_ledgers():
    result = CliRunner().invoke(
        commands, ["preview", "-f", "-", "--registry", ".", "--ledger-namespace", "system"], input=RUN % "x"
    )

    assert result.exit_code == 2
    assert "--ledger-namespace needs --registry-namespace" in result.stderr


@pytest.mark.parametrize("given", [[], ["--registry", ".", "--registry-namespace", "fuseml"]])
def test_a_registry_is_a_folder_or_a_cluster(given):
    result = CliRunner().invoke(commands, ["preview", "-f", "-", *given], input=RUN % "x")

    assert result.exit_code == 2
    assert "give either --registry or one of --cluster and --registry-namespace" in result.stderr


@pytest.mark.parametrize("content", ["", "7", "[]", "{}", "\x00", "clusters: 7\ncurrent-context: x"])
def test_what_is_no_kubeconfig_is_said_to_be_none(tmp_path, content):
    (tmp_path / "kubeconfig").write_text(content)

    with pytest.raises(UnreadableError, match=r"kubeconfig"):
        connect(str(tmp_path / "kubeconfig"))


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnreadableError, match=f"^{tmp_path}/nothing: "):
        connect(str(tmp_path / "nothing"))


def test_in_a_pod_without_a_token_the_reason_is_told(monkeypatch):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.delenv("KUBECONFIG", raising=False)

    with pytest.raises(UnreadableError):
        connect()


WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: r, namespace: %s}
spec: {templates: [{name: m, container: {image: i, extensions: [{name: tracking, product: mlflow}]}}]}
"""
GVK = {"group": "argoproj.io", "version": "v1alpha1", "kind": "Workflow"}
OPAQUE = {"x-kubernetes-preserve-unknown-fields": True}


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        pytest.param(OPAQUE, "", id="minimal"),
        pytest.param({"properties": {}}, "dropped or refused by the API server: this cluster's schema of", id="full"),
        pytest.param(None, "if Argo's CRDs are the full ones", id="unknown"),
    ],
)
@pytest.mark.parametrize("command", ["preview", "explain"])
def test_cluster_says_whether_it_keeps_blocks(api, invoke, command, spec, warning):
    if spec is not None:
        schema = {"x-kubernetes-group-version-kind": [GVK], "properties": {"spec": spec}}
        document = {"components": {"schemas": {"io.argoproj.v1alpha1.Workflow": schema}}}
        api.openapi["/openapi/v3/apis/argoproj.io/v1alpha1"] = document

    result = invoke(command, "team-a", run=WORKFLOW)

    assert result.exit_code == 0, result.output
    assert ("'extensions' is dropped" in result.output) == bool(warning)
    assert warning in result.output
