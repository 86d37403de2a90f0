"""The API server accepts as an Extension what is a valid record, and refuses the rest with a message that helps."""

import copy
from pathlib import Path

import pytest
import yaml

from registry.records import codec

ROOT = Path(__file__).parents[3]
CRD = ROOT / "manifests/base/crd.yaml"
RECORDS = sorted(ROOT.glob("examples/*/registry/*.yaml"))


@pytest.fixture(scope="module")
def api(kubectl):
    """Kubectl on a cluster with the CRD of Extensions."""
    kubectl("apply", "--server-side", "--force-conflicts", "-f", CRD)
    kubectl("wait", "--for=condition=Established", "crd/extensions.fuseml.org", "--timeout=30s")
    return kubectl


def extension(spec, name="demo"):
    return {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": name}, "spec": spec}


def service(**more):
    return {"services": [{"id": "s3", **more}]}


def login(**more):
    return {"id": "c", "secretRef": {"name": "minio"}, "configuration": {"KEY": "root"}, **more}


def create(api, obj):
    return api.run("create", "--dry-run=server", "-n", "default", "-f", "-", stdin=obj)


def converted(record):
    """A record as an Extension, with a Secret in place of values of credentials."""
    spec = copy.deepcopy(record)
    for part in spec.get("services", []):
        if "authrequired" in part:
            part["auth_required"] = part.pop("authrequired")
        _make_boolean(part, "auth_required", "default")
        for credentials in part.get("credentials", []):
            _make_boolean(credentials, "default")
            if "secretRef" not in credentials:
                credentials["secretRef"] = {"name": "moved-here"}
                credentials["configuration"] = {name: name for name in credentials["configuration"]}
    return extension(spec, spec.pop("id"))


def _make_boolean(part, *fields):
    part |= {field: part[field] == "true" for field in fields if field in part}


@pytest.mark.parametrize("file", RECORDS, ids=lambda file: f"{file.parts[-3]}/{file.name}")
def test_records_of_the_examples_are_accepted(api, file):
    for record in yaml.load_all(file.read_text(), yaml.BaseLoader):  # a value is the text that was typed
        done = create(api, converted(record))

        assert done.returncode == 0, done.stderr


ACCEPTED = {
    "nothing but a name": {},
    "all there is": {
        "product": "minio", "version": "1.10", "zone": "eu", "description": "for\npeople",
        "configuration": {"A": "", "a.b-c": "ü\n$(X){{y}}", "with space": "x"},
        "services": [{
            "id": "s3", "resource": "s3", "category": "store", "description": "d",
            "auth_required": True, "default": True,
            "configuration": {"B": "x"},
            "endpoints": [{"url": "http://a", "type": "internal", "configuration": {"C": "x"}}, {"url": "http://b"}],
            "credentials": [
                login(), login(id="p", scope="project", projects=["alpha"], default=True),
                login(id="u", scope="user", users=["ada"], projects=["alpha"]),
                login(id="empty", projects=[], users=[]),
            ],
        }],
    },
    "a name that steers": {"configuration": {"PATH": "/opt"}},  # the operator of the webhook may allow it
    "30 KB": {"configuration": {"LONG": "ä" * 15_000}},
    "the longest": {
        "product": "p" * 100, "description": "d" * 1000, "configuration": {"k" * 253: "v" * 32768},
        "services": [{"id": "i" * 100, "endpoints": [{"url": "u" * 200}], "credentials": [
            login(id="i" * 100, scope="user", users=["u" * 253], secretRef={"name": "s" * 253},
                  configuration={"N" * 253: "k" * 253})
        ]}],
    },
    "as many as there may be": service(
        endpoints=[{"url": f"http://{i}", "configuration": {f"V{j}": "x" for j in range(128)}} for i in range(32)],
        credentials=[login(id=f"c{i}", scope="user", users=[f"u{j}" for j in range(20)],
                           configuration={f"V{j}": "k" * 60 for j in range(16)}) for i in range(128)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("spec", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(api, spec):
    done = create(api, extension(spec))

    assert done.returncode == 0, done.stderr


# The codec accepts a record of the same content.
@pytest.mark.parametrize("name", [name for name in ACCEPTED if name != "a name that steers"])
def test_what_is_accepted_is_a_record(name):
    codec.decode({"id": "demo", **ACCEPTED[name]})


S3, C = "spec.services[0]", "spec.services[0].credentials[0]"
ID = "may hold only letters, digits, '_' and '-', and not begin with '-'"
UNPRINTABLE = "holds a character that cannot be printed, such as a line break"
NAMES = "names have 1 to 253 printable characters and no '='; write NAME: value"
VARIABLES = "names are names of variables: letters, digits and '_', no digit first"
KEYS = "values are keys of the Secret: those hold letters, digits, '-', '_' and '.'"
SECRET = "is no name of a Secret: those hold lower-case letters, digits, '-' and '.'"
NO_VALUES = (
    "credentials hold no values here; put them into a Secret of this namespace and write secretRef: {name: SECRET}"
)
WHICH = "say which key of the Secret each variable takes: {NAME: key}"

REFUSED = {
    "unknown field": ({"versoin": "1"}, 'strict decoding error: unknown field "spec.versoin"'),
    "a value beside a Secret": (
        service(credentials=[login(values={"KEY": "x"})]), f'strict decoding error: unknown field "{C}.values"',
    ),
    "number": (
        {"version": 1.1},
        'spec.version: Invalid value: "number": spec.version in body must be of type string: "number"',
    ),
    "number in a configuration": (
        {"configuration": {"PORT": 9000}},
        'spec.configuration.PORT: Invalid value: "integer": '
        'spec.configuration.PORT in body must be of type string: "integer"',
    ),
    "too long": ({"product": "p" * 101}, "spec.product: Too long: may not be more than 100 bytes"),
    "line break": ({"zone": "a\nb"}, rf'spec.zone: Invalid value: "a\nb": {UNPRINTABLE}'),
    "empty name": ({"configuration": {"": "x"}}, f"spec.configuration: Invalid value: {NAMES}"),
    "name with =": ({"configuration": {"A=b": "x"}}, f"spec.configuration: Invalid value: {NAMES}"),
    "name with a line break": ({"configuration": {"A\nb": "x"}}, f"spec.configuration: Invalid value: {NAMES}"),
    "too long a name": ({"configuration": {"k" * 254: "x"}}, f"spec.configuration: Invalid value: {NAMES}"),
    "too long a value": (
        {"configuration": {"A": "v" * 32769}}, "spec.configuration.A: Too long: may not be more than 32768 bytes",
    ),
    "NUL": (
        {"configuration": {"A": "a\0b"}},
        r'spec.configuration.A: Invalid value: "a\x00b": spec.configuration.A in body should match ' r"'^[^\x00]*$'",
    ),
    "service without id": ({"services": [{}]}, f"{S3}.id: Required value"),
    "odd id": ({"services": [{"id": "my store"}]}, f'{S3}.id: Invalid value: "my store": {ID}'),
    "id that begins with -": ({"services": [{"id": "-a"}]}, f'{S3}.id: Invalid value: "-a": {ID}'),
    "empty id": ({"services": [{"id": ""}]}, f'{S3}.id: Invalid value: "": {ID}'),
    "same service twice": (
        {"services": [{"id": "s3"}, {"id": "s3"}]}, 'spec.services[1]: Duplicate value: {"id":"s3"}',
    ),
    "endpoint without url": (service(endpoints=[{}]), f"{S3}.endpoints[0].url: Required value"),
    "same url twice": (
        service(endpoints=[{"url": "http://a"}, {"url": "http://a", "type": "internal"}]),
        f'{S3}.endpoints[1]: Duplicate value: {{"url":"http://a"}}',
    ),
    "type of endpoint": (
        service(endpoints=[{"url": "u", "type": "intern"}]),
        f'{S3}.endpoints[0].type: Unsupported value: "intern": supported values: "internal", "external"',
    ),
    "same credentials twice": (
        service(credentials=[login(), login()]), f'{S3}.credentials[1]: Duplicate value: {{"id":"c"}}',
    ),
    "credentials with values": (
        service(credentials=[{"id": "c", "configuration": {"KEY": "hunter2"}}]),
        f"{C}.secretRef: Required value: {NO_VALUES}",
    ),
    "credentials without keys": (
        service(credentials=[{"id": "c", "secretRef": {"name": "minio"}}]),
        f"{C}.configuration: Required value: {WHICH}",
    ),
    "credentials with no keys": (
        service(credentials=[login(configuration={})]), f"{C}.configuration: Required value: {WHICH}",
    ),
    "no name of a variable": (
        service(credentials=[login(configuration={"a-b": "k"})]), f"{C}.configuration: Invalid value: {VARIABLES}",
    ),
    "a value where a key is meant": (
        service(credentials=[login(configuration={"KEY": "hunter 2"})]), f"{C}.configuration: Invalid value: {KEYS}",
    ),
    "too long a key": (
        service(credentials=[login(configuration={"KEY": "hunter2" * 40})]),
        f"{C}.configuration.KEY: Too long: may not be more than 253 bytes",
    ),
    "name of a Secret": (
        service(credentials=[login(secretRef={"name": "Minio"})]),
        f'{C}.secretRef.name: Invalid value: "Minio": {SECRET}',
    ),
    "scope": (
        service(credentials=[login(scope="team")]),
        f'{C}.scope: Unsupported value: "team": supported values: "global", "project", "user"',
    ),
    "projects that are not read": (
        service(credentials=[login(projects=["a"])]),
        f"{C}.projects: Invalid value: is not read with scope 'global'; set scope: project, or leave it out",
    ),
    "users that are not read": (
        service(credentials=[login(scope="project", projects=["a"], users=["ada"])]),
        f"{C}.users: Invalid value: is read with scope 'user' only; set scope: user, or leave it out",
    ),
    "project without projects": (
        service(credentials=[login(scope="project")]),
        f"{C}.scope: Invalid value: scope 'project' needs a list of projects that may use it",
    ),
    "user without users": (
        service(credentials=[login(scope="user", projects=["a"])]),
        f"{C}.scope: Invalid value: scope 'user' needs a list of users that may use it",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(api, spec, message):
    done = create(api, extension(spec))

    assert done.returncode
    assert message in done.stderr
    assert "hunter" not in done.stderr, "a value that was left in credentials is shown to nobody"


@pytest.mark.parametrize("name", ["a.b", "a" * 101])
def test_a_name_that_is_no_id_is_refused(api, name):
    done = create(api, extension({}, name))

    assert "metadata.name: " in done.stderr
    assert done.returncode


def test_all_that_is_wrong_is_said_at_once(api):
    wrong = service(credentials=[{"id": "a b", "configuration": {"1": "a b"}}, login(users=["ada"])])

    done = create(api, extension(wrong | {"product": "a\nb"}, "a.b"))

    assert len([line for line in done.stderr.splitlines() if line.startswith("* ")]) == 7


def test_get_shows_product_version_zone_and_state(api, namespace):
    here = api.within(namespace)
    here(
        "create", "-f", "-", stdin=extension({"product": "p", "version": "1.10", "zone": "eu", "description": "for ML"})
    )

    header, row = here("get", "ext").splitlines()
    wide = here("get", "fuseml", "-o", "wide")

    assert header.split() == ["NAME", "PRODUCT", "VERSION", "SERVICES", "READY", "REASON", "ZONE", "AGE"]
    assert row.split()[:3] == ["demo", "p", "1.10"]
    assert "eu" in row.split()
    assert "for ML" in wide


@pytest.mark.parametrize("path", [
    "ext", "ext.spec.services.endpoints", "ext.spec.services.credentials.secretRef", "ext.status.conditions",
])  # fmt: skip
def test_explain_explains(api, path):
    shown = api("explain", path)

    assert "<empty>" not in shown
