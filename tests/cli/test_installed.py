"""``--cluster``: the settings of the webhook that is installed, and what somebody needs to read for a preview."""

import re

import pytest
import yaml
from click.testing import CliRunner

from registry.delivery import ledger
from registry.stores.cluster import EXTENSIONS, NAMESPACES, ledgers_of
from tests.fakes.object_api import write_kubeconfig
from tests.fakes.watched_api import FakeApi, serving
from webhook.cli.installed import INSTALLED
from webhook.cli.main import commands

CONFIG_MAPS = ledgers_of("fuseml-system")
SETTINGS = f"{CONFIG_MAPS}/fuseml-webhook-settings"
OF_EVERYONE, OF_TEAM = (f"/apis/fuseml.org/v1alpha1/namespaces/{where}/extensions" for where in ("fuseml", "team-a"))
TEAM = f"{NAMESPACES}/team-a"
LEDGER = f"{CONFIG_MAPS}/{ledger.name_for('u-a')}"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
# The fields of the kinds that ask, which everybody may read who may log in.
SCHEMAS = "/openapi/v3/apis/tekton.dev/v1"
RUN = """
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: r}
spec:
  taskSpec:
    steps:
      - name: a
        image: i
        extensions: [{name: tracking, product: mlflow}]
"""
SHOWN = "# TaskRun/r steps[a]\nWHERE={}  # selector 'tracking'\n"


def extension(namespace, name, **spec):
    spec = {"product": "mlflow", "zone": "near", "services": [{"id": "ui", **spec}]}
    metadata = {"namespace": namespace, "name": name}
    return {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": metadata, "spec": spec}


def endpoints(**urls):
    return [{"url": url, "type": type_, "configuration": {"WHERE": type_}} for type_, url in urls.items()]


@pytest.fixture
def api():
    """A cluster with a service of two endpoints, and the namespace of a project."""
    api = FakeApi()
    api.user = "ada"
    api.put(EXTENSIONS, extension("fuseml", "mlflow", endpoints=endpoints(internal="http://in", external="http://out")))
    metadata = {"name": "team-a", "uid": "u-a", "labels": {"extensions.fuseml.org/project": "alpha"}}
    api.put(NAMESPACES, {"metadata": metadata})
    install(api)
    return api


def install(api, **settings):
    data = {"FUSEML_REGISTRY_NAMESPACE": "fuseml", "FUSEML_LEDGER_NAMESPACE": "fuseml-system", **settings}
    api.put(CONFIG_MAPS, {"metadata": {"namespace": "fuseml-system", "name": "fuseml-webhook-settings"}, "data": data})


@pytest.fixture
def fuseml(api, tmp_path):
    """Runs a command with ``--cluster``; gives exit code, standard output, standard error."""
    with serving(api) as client:
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", client.configuration.host)

        def run(command, *options, stdin=RUN, where="team-a", **variables):
            in_namespace = ["-n", where] if where and command != "lint" else []
            args = [command, "-", "--cluster", "--kubeconfig", str(kubeconfig), *in_namespace, *options]
            result = CliRunner().invoke(commands, args, input=stdin, env=variables)
            assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
            return result.exit_code, result.stdout, result.stderr

        yield run


# Settings


@pytest.mark.parametrize(("zone", "where"), [("near", "internal"), ("far", "external"), ("", "internal")])
def test_zone_is_that_of_the_installed_webhook(api, fuseml, zone, where):
    install(api, FUSEML_ZONE=zone)

    assert fuseml("preview", "-o", "env") == (0, SHOWN.format(where), "")


def test_option_or_variable_of_the_person_wins(api, fuseml):
    install(api, FUSEML_ZONE="far", FUSEML_AMBIGUITY="nonsense")

    assert fuseml("preview", "-o", "env", "--zone", "near", "--ambiguity", "warn")[1] == SHOWN.format("internal")
    assert fuseml("preview", "-o", "env", FUSEML_ZONE="near", FUSEML_AMBIGUITY="refuse")[1] == SHOWN.format("internal")


def test_rules_are_those_of_the_installed_webhook(api, fuseml):
    api.put(EXTENSIONS, extension("fuseml", "mlflow", configuration={"PATH": "/opt", "HTTP_PROXY": "p"}))
    api.put(EXTENSIONS, extension("fuseml", "other", configuration={"OTHER": "1"}))
    refusing = {"FUSEML_AMBIGUITY": "refuse", "FUSEML_ALLOW_VARIABLE": "PATH HTTP_PROXY"}

    install(api, **refusing)
    code, _, errors = fuseml("preview")
    assert (code, "mlflow/ui chosen over other/ui" in errors) == (1, True)
    install(api, **refusing | {"FUSEML_AMBIGUITY": "warn"})
    assert "PATH=/opt" in fuseml("preview", "-o", "env")[1]


def test_keys_of_namespaces_are_those_of_the_installed_webhook(api, fuseml):
    metadata = {"name": "profile", "labels": {"tenant": "beta"}, "annotations": {"owner": "ann"}}
    api.put(NAMESPACES, {"metadata": metadata})
    install(api, FUSEML_PROJECT_LABEL="tenant", FUSEML_OWNER_ANNOTATION="owner")

    assert fuseml("explain", where="profile")[1].startswith("TaskRun/r: asked for by project 'beta', owner 'ann'")


def test_only_what_is_the_operators_to_say_is_taken(api, fuseml):
    install(api, FUSEML_USER="root", FUSEML_PROJECT="x", FUSEML_KUBECONFIG="/x", FUSEML_EXPLAIN_OUTPUT="json")

    assert fuseml("explain")[1].startswith("TaskRun/r: asked for by project 'alpha', user 'ada'")


def test_user_is_that_of_the_kubeconfig_unless_one_is_given(api, fuseml):
    own = {"id": "own", "scope": "user", "users": ["ada"], "secretRef": {"name": "s"}, "configuration": {"KEY": "k"}}
    api.put(EXTENSIONS, extension("team-a", "mlflow", credentials=[own]))

    assert "KEY='<secret s, k>'" in fuseml("preview", "-o", "env")[1]
    assert "KEY" not in fuseml("preview", "-o", "env", "--user", "bob")[1]
    api.user = None
    code, shown, errors = fuseml("preview", "-o", "env")
    assert (code, "KEY" in shown) == (0, False)
    assert errors.startswith(
        "warning: not known who you are, so credentials for users are left out unless --user says it: "
    )


def test_lint_knows_which_variables_are_allowed(api, fuseml):
    record = yaml.safe_dump(extension("fuseml", "mlflow", configuration={"PATH": "/opt"}))

    assert fuseml("lint", stdin=record)[0] == 1
    install(api, FUSEML_ALLOW_VARIABLE="PATH")
    assert fuseml("lint", stdin=record)[0] == 0


def test_setting_that_the_command_does_not_know_is_an_error(api, fuseml):
    install(api, FUSEML_AMBIGUITY="ask")

    code, _, errors = fuseml("preview")

    assert code == 1
    assert errors.startswith(
        "error: ConfigMap fuseml-webhook-settings in namespace fuseml-system: FUSEML_AMBIGUITY: 'ask' is not one of "
    )


ASSUMED = (
    "assumed: --registry-namespace fuseml --ledger-namespace fuseml-system "
    "--project-label extensions.fuseml.org/project --owner-annotation extensions.fuseml.org/owner --zone none "
    "--plaintext-credentials deny --ambiguity warn --allow-variable none\n"
)


def test_settings_that_may_not_be_read_are_assumed(api, fuseml):
    api.refuse_path = SETTINGS

    assert fuseml("preview", "-o", "env") == (
        0,
        SHOWN.format("internal"),
        f"warning: the settings of the webhook are not known: {SETTINGS}: refused with 403; {ASSUMED}",
    )


def test_settings_that_are_not_there_are_assumed_but_not_what_is_given(api, fuseml):
    metadata = {"namespace": "fuseml-system", "name": "fuseml-webhook-settings"}
    api.delete(CONFIG_MAPS, {"metadata": metadata})

    _, shown, warning = fuseml("preview", "-o", "env", "--zone", "far", "--ambiguity", "warn")

    assert shown == SHOWN.format("external")
    assert warning == (
        "warning: the settings of the webhook are not known: there is no ConfigMap fuseml-webhook-settings in "
        "namespace fuseml-system; is the product installed there?; "
        + ASSUMED.replace(" --zone none", "").replace(" --ambiguity warn", "")
    )


def test_every_setting_is_an_option_of_preview():
    options = {option.envvar for option in commands.commands["preview"].params}

    assert set(INSTALLED) <= options


def test_folder_and_cluster_are_not_mixed(fuseml, tmp_path):
    code, _, errors = fuseml("preview", "--registry", str(tmp_path))

    assert code == 2
    assert "give either --registry or one of --cluster and --registry-namespace" in errors


def test_cluster_on_the_command_line_wins_over_a_folder_in_the_environment(fuseml, tmp_path):
    assert fuseml("preview", "-o", "env", FUSEML_REGISTRY=str(tmp_path))[1] == SHOWN.format("internal")


def test_folder_on_the_command_line_wins_over_a_cluster_in_the_environment(tmp_path):
    args = ["preview", "-", "--registry", str(tmp_path)]

    result = CliRunner().invoke(commands, args, input="", env={"FUSEML_CLUSTER": "true", "KUBECONFIG": "/nothing"})

    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "error: stdin: there is no object in it")
    assert "API server" not in result.stderr


@pytest.mark.parametrize("command", ["preview", "explain", "lint"])
def test_cluster_that_is_away_is_an_error(command, tmp_path):
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1")

    result = CliRunner().invoke(commands, [command, "-", "--cluster", "--kubeconfig", str(kubeconfig)], input=RUN)

    assert (result.exit_code, result.stderr) == (1, "error: http://127.0.0.1:1: the API server does not answer\n")


# Rights


@pytest.mark.parametrize("command", ["preview", "explain"])
def test_what_the_role_edit_and_the_manifests_let_an_author_read_is_enough(api, fuseml, command):
    api.put(EXTENSIONS, extension("team-b", "secret"))
    api.permitted = {SETTINGS, OF_EVERYONE, OF_TEAM, TEAM}

    code, _, errors = fuseml(command)

    assert (code, errors) == (0, "")
    assert {path for path, _ in api.requests} <= {*api.permitted, LEDGER, WHO, SCHEMAS}


def test_author_sees_what_the_namespace_has_of_its_own(api, fuseml):
    api.put(EXTENSIONS, extension("team-a", "mlflow", endpoints=endpoints(internal="http://own")))
    api.permitted = {SETTINGS, OF_EVERYONE, OF_TEAM, TEAM}

    assert 'url": "http://own' in fuseml("explain", "-o", "json")[1]


@pytest.mark.parametrize(
    ("refused", "warning"),
    [
        pytest.param(
            OF_TEAM,
            "the Extensions of namespace 'team-a' are left out, as you may not read them: ",
            id="own",
        ),
        pytest.param(
            TEAM,
            "the project and the owner of namespace 'team-a' are not known, as you may not read it; without --project "
            "and --owner it counts as having none: ",
            id="namespace",
        ),
    ],
)
def test_each_read_that_is_refused_is_said_once_and_the_rest_is_used(api, fuseml, refused, warning):
    api.permitted = {SETTINGS, OF_EVERYONE, OF_TEAM, TEAM} - {refused}

    code, shown, errors = fuseml("preview", "-o", "env", stdin=f"{RUN}---{RUN}")

    assert (code, shown) == (0, SHOWN.format("internal") * 2)
    assert errors == f"warning: {warning}{refused}: refused with 403\n"


def test_registry_that_may_not_be_read_leaves_what_the_namespace_has(api, fuseml):
    api.put(EXTENSIONS, extension("team-a", "mlflow", configuration={"WHERE": "own"}))
    api.permitted = {SETTINGS, OF_TEAM, TEAM}

    assert fuseml("preview", "-o", "env") == (
        0,
        SHOWN.format("own"),
        f"warning: the Extensions for everyone are left out, as you may not read them: {OF_EVERYONE}: "
        "refused with 403\n",
    )


def test_who_may_read_no_extensions_at_all_gets_an_error(api, fuseml):
    api.permitted = {SETTINGS, TEAM}

    code, _, errors = fuseml("preview")

    assert code == 1
    assert errors.splitlines()[-1] == (f"error: {OF_EVERYONE}: refused with 403; {OF_TEAM}: refused with 403")


LOGIN = {"id": "login", "secretRef": {"name": "minio"}, "configuration": {"KEY": "key"}}
SECRETS = f"{NAMESPACES}/team-a/secrets"


def put_secret(api, name, **labels):
    api.put(SECRETS, {"metadata": {"namespace": "team-a", "name": name, "labels": labels}})


def test_author_sees_by_the_copies_names_whether_credentials_have_been_delivered(api, fuseml):
    api.put(EXTENSIONS, extension("fuseml", "mlflow", credentials=[LOGIN]))
    api.permitted = {SETTINGS, OF_EVERYONE, OF_TEAM, TEAM, SECRETS}
    put_secret(api, "of-somebody-else", **{"app.kubernetes.io/managed-by": "helm"})
    code, _, errors = fuseml("preview")
    assert (code, "fuseml controller has not delivered them to this namespace yet" in errors) == (1, True)

    name = re.search(r"fuseml-credentials-mlflow-\w+", fuseml("explain", "-o", "json")[1])[0]
    put_secret(api, name, **{"app.kubernetes.io/managed-by": "fuseml-controller"})

    assert fuseml("preview", "-o", "env") == (
        0,
        f"# TaskRun/r steps[a]\nKEY='<secret {name}, KEY>'  # selector 'tracking'\n",
        "",
    )


@pytest.mark.parametrize("login", [True, False], ids=["with-shared-credentials", "without-any"])
def test_ledger_that_may_not_be_read_is_said_where_it_matters(api, fuseml, login):
    api.put(EXTENSIONS, extension("fuseml", "mlflow", **({"credentials": [LOGIN]} if login else {})))
    api.permitted = {SETTINGS, OF_EVERYONE, OF_TEAM, TEAM}

    code, _, errors = fuseml("preview")

    said = (
        f"warning: not checked whether shared credentials have been delivered to 'team-a': {LEDGER}: refused with 403\n"
    )
    assert (code, errors) == (0, said if login else "")


def test_objects_without_a_namespace_are_in_that_of_the_context(api, fuseml, tmp_path):
    url = yaml.safe_load((tmp_path / "kubeconfig").read_text())["clusters"][0]["cluster"]["server"]
    write_kubeconfig(tmp_path / "kubeconfig", url, namespace="team-a")

    assert fuseml("explain", where="")[1].startswith("TaskRun/r: asked for by project 'alpha'")
