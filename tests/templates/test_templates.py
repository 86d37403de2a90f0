"""Each template is what it says: a record that works once it is filled in, and gives its variables to a step."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from registry.documents import reader
from registry.records import codec
from registry.records.placeholders import PLACEHOLDER, placeholders_in
from registry.records.texts import decode_text
from registry.records.variables import is_name, steers
from registry.templates import forms
from registry.templates.catalogue import templates
from tests.templates.filled import VALUES, filled
from webhook.cli.main import commands

FORMS = {"record": forms.record, "extension": forms.extension}
each_template = pytest.mark.parametrize("template", templates().values(), ids=lambda template: template.product)
each_form = pytest.mark.parametrize("form", FORMS)
needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
OPTIONAL = re.compile(r"^( *)#(?=\S)", re.MULTILINE)
# The lines of a login.env, the command that reads it, and what is labelled.
SECRET = re.compile(
    r"# The values are in a Secret.*\n((?: *#   .*\n)+) *# (kubectl create .*)\n *#.*\n *# kubectl label secret (.*)\n"
)


def with_options(text):
    """*text* with every optional line in use."""
    return OPTIONAL.sub(r"\1", text)


def decoded(text):
    found, problems = decode_text(text)
    assert problems == []
    ((extension, _),) = found
    return extension


def variables_of(extension, service):
    """The names and values that a step gets from *service*, if it may use the first login."""
    parts = [extension, service, *service.endpoints[:1], *service.credentials[:1]]
    return {name: value for part in parts for name, value in part.configuration.items()}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in an empty folder; gives exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    Path("registry").mkdir()

    def invoke(*args):
        result = CliRunner().invoke(commands, args)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr

    return invoke


def test_a_value_is_known_for_every_placeholder_and_no_other():
    used = {found for template in templates().values() for found in placeholders_in(template.text)}

    names = {placeholder.removeprefix("<your-").removesuffix(">") for placeholder in used}
    assert {name for name in names if not name.endswith("-host")} == set(VALUES)


@each_template
def test_template_is_named_after_its_product(template):
    extension = decoded(filled(template.text))

    assert (extension.id, extension.product) == (template.product, template.product)
    assert template.text.startswith(f"# {template.title}.\n#\n")


@each_form
@each_template
def test_lines_fit_a_terminal(template, form):
    text = FORMS[form](template.text)

    assert [line for line in text.splitlines() if len(line) > 100] == []
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert text.endswith("\n")


@each_form
@each_template
def test_lint_finds_what_is_not_filled_in_and_nothing_else(run, template, form):
    Path("registry/x.yaml").write_text(run("extension", "new", template.product, "--form", form)[1])
    in_use = re.sub(r"(?<!\S)#.*", "", Path("registry/x.yaml").read_text())

    code, found, _ = run("lint", "registry")

    assert len(found.splitlines()) == sum(len(placeholders_in(line)) for line in in_use.splitlines())
    assert all("is not filled in; replace '<your-" in line for line in found.splitlines())
    assert code == (1 if PLACEHOLDER.search(in_use) else 0)


@pytest.mark.parametrize("change", [str, with_options], ids=["as-it-is", "with-all-options"])
@each_form
@each_template
def test_lint_finds_nothing_once_it_is_filled_in(run, template, form, change):
    Path("registry/x.yaml").write_text(filled(change(run("extension", "new", template.product, "--form", form)[1])))

    assert run("lint", "registry") == (0, "", "1 file, 0 problems\n")
    assert run("lint", "--registry", "registry") == (0, "", "1 file, 0 problems\n")


@each_form
@each_template
def test_step_gets_exactly_the_variables_that_are_written(run, template, form):
    text = filled(FORMS[form](template.text, zone="here"))
    Path("registry/x.yaml").write_text(text)
    extension = decoded(text)
    for service in extension.services:
        asks = {"name": "it", "product": template.product, "service_resource": service.resource}
        step = {"name": "a", "image": "i", "extensions": [asks]}
        asking = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "asks"}}
        Path("run.yaml").write_text(yaml.safe_dump({**asking, "spec": {"taskSpec": {"steps": [step]}}}))

        code, shown, errors = run(
            "preview", "run.yaml", "--registry", "registry", "--zone", "here", "-o", "json", "--show-credentials"
        )  # fmt: skip

        assert (code, errors) == (0, "")
        (got,) = yaml.safe_load(shown)["spec"]["taskSpec"]["steps"]
        delivered = {
            entry["name"]: entry["value"] if "value" in entry else entry["valueFrom"]["secretKeyRef"]["key"]
            for entry in got.get("env", [])
        }
        assert delivered == variables_of(extension, service)


@each_template
def test_no_variable_controls_a_loader_or_an_interpreter(template):
    names = re.findall(r"^ *#?([A-Za-z_]\w*): ", with_options(template.text).partition("services:")[2], re.MULTILINE)

    assert [name for name in names if steers(name) or not is_name(name)] == []


@each_template
def test_services_differ_in_resource_and_logins_in_their_secret(template):
    extension = decoded(filled(forms.extension(template.text)))

    resources = [service.resource for service in extension.services]
    secrets = [login.secret_ref.name for service in extension.services for login in service.credentials]
    assert "" not in resources
    assert len(set(resources)) == len(resources)
    assert len(set(secrets)) == len(secrets)


@each_template
def test_both_forms_are_the_same_record_apart_from_the_values_of_logins(template):
    def without_logins(extension):
        plain = codec.encode(extension)
        for service in plain["services"]:
            for login in service.get("credentials", []):
                login.pop("secretRef", None)
                login["configuration"] = list(login["configuration"])
        return plain

    texts = [with_options(write(template.text)) for write in FORMS.values()]

    record, extension = (without_logins(decoded(filled(text))) for text in texts)
    assert record == extension


@each_template
def test_comments_of_the_record_stay_in_the_extension(template):
    comments = re.findall(r"(?<!\S)#.*", re.sub(r"(credentials:\n(?: {6,}.*\n)*)", "credentials:\n", template.text))

    kept = set(re.findall(r"(?<!\S)#.*", forms.extension(template.text)))

    assert [comment for comment in comments if comment not in kept] == []


@needs_kubectl
@each_template
def test_commands_of_the_extension_create_the_secrets_that_it_names(template, tmp_path):
    text = forms.extension(template.text)
    logins = [login for service in decoded(filled(text)).services for login in service.credentials]
    blocks = SECRET.findall(text)

    assert len(blocks) == len(logins)
    for (lines, create, labelled), login in zip(blocks, logins, strict=True):
        content = filled("".join(line.strip().removeprefix("#   ") + "\n" for line in lines.splitlines()))
        (tmp_path / "login.env").write_text(content)
        done = subprocess.run(
            f"{create} --dry-run=client -o yaml",
            shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        secret = yaml.safe_load(done.stdout)
        assert secret["metadata"]["name"] == login.secret_ref.name
        assert secret["data"].keys() == set(login.configuration.values())
        assert labelled == f"{login.secret_ref.name} extensions.fuseml.org/extension={template.product}"


@each_template
def test_source_is_named(template):
    head = template.text.partition(f"\nid: {template.product}\n")[0]

    assert re.search(r"^# Source: https://\S+$", head, re.MULTILINE)
    assert "# Replace each <your-…>. A line such as #NAME: value is optional" in head


def test_each_template_is_one_document():
    assert all(len(list(reader.read(template.text))) == 1 for template in templates().values())
