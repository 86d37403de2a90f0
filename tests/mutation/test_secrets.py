"""A run is given references to Secrets of its own namespace: those of its own records, and copies of shared ones."""

import pytest

from registry.delivery.copies import copy_of
from registry.delivery.ledger import NOTHING_DELIVERED, Entry, Lack, Ledger, State
from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.errors import Reason, RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.settings import Settings

ME = Consumer(namespace="team-a", project="team-a")
MINIO = {
    "id": "minio",
    "product": "minio",
    "services": [
        {
            "id": "s3",
            "endpoints": [{"url": "http://minio", "configuration": {"S3_URL": "http://minio"}}],
            "credentials": [
                {"id": "root", "secretRef": {"name": "minio"}, "configuration": {"KEY": "user", "WORD": "password"}}
            ],
        }
    ],
}
COPY = copy_of("minio", "s3", codec.decode(MINIO).services[0].credentials[0])
NOT_YET = "fuseml controller has not delivered them to this namespace yet; if that lasts, it does not run"
WHY = f"credentials 'root' of minio/s3 are not in namespace 'team-a': {NOT_YET}"
DELIVERED = Ledger({COPY.name: Entry(State.DELIVERED, shape=COPY.shape)})


def registry(*, everyones=(), own=()):
    private = Index(map(codec.decode, own), namespace="team-a")
    return Index(map(codec.decode, everyones), namespace="fuseml", private=[private]).seen_from("team-a")


def run(*env, **selector):
    step = {"name": "a", "image": "i", "extensions": [{"name": "store", "product": "minio", **selector}]}
    step |= {"env": list(env)} if env else {}
    spec = {"taskSpec": {"steps": [step]}}
    return {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "r"}, "spec": spec}


def given(obj, index, delivered=None):
    (env,) = [op["value"] for op in mutate(obj, index, ME, delivered=delivered).ops if op["path"].endswith("/env")]
    return {entry["name"]: entry.get("value") or entry["valueFrom"] for entry in env}


def test_a_secret_of_the_runs_own_namespace_is_referred_to():
    got = given(run(), registry(own=[MINIO]))

    assert got == {
        "S3_URL": "http://minio",
        "KEY": {"secretKeyRef": {"name": "minio", "key": "user"}},
        "WORD": {"secretKeyRef": {"name": "minio", "key": "password"}},
    }


@pytest.mark.parametrize("delivered", [None, DELIVERED], ids=["not-checked", "delivered"])
def test_a_shared_secret_is_referred_to_by_its_copy_whose_keys_are_the_variables(delivered):
    got = given(run(), registry(everyones=[MINIO]), delivered)

    assert got == {
        "S3_URL": "http://minio",
        "KEY": {"secretKeyRef": {"name": COPY.name, "key": "KEY"}},
        "WORD": {"secretKeyRef": {"name": COPY.name, "key": "WORD"}},
    }


def test_an_expression_that_names_a_shared_credential_becomes_a_reference_to_the_copy():
    obj = run({"name": "X", "value": "<< extension.store.cfg.KEY >>"}, inject=False)

    ops = mutate(obj, registry(everyones=[MINIO]), ME, delivered=DELIVERED).ops

    assert ops[0]["value"] == {"name": "X", "valueFrom": {"secretKeyRef": {"name": COPY.name, "key": "KEY"}}}


def test_names_of_copies_are_in_no_audit_annotation_and_in_no_note():
    mutation = mutate(run(), registry(everyones=[MINIO]), ME, delivered=DELIVERED)

    assert mutation.audit == {"bindings": "a:store=minio/s3/root"}
    (note,) = [op["value"] for op in mutation.ops if op["path"].startswith("/metadata/annotations")]
    assert COPY.name not in str(note)


@pytest.mark.parametrize(
    ("ledger", "why"),
    [
        pytest.param(NOTHING_DELIVERED, NOT_YET, id="nothing-is-known"),
        pytest.param(Ledger({COPY.name: Entry(State.WRITING, shape=COPY.shape)}), NOT_YET, id="it-is-being-written"),
        pytest.param(Ledger({COPY.name: Entry(State.DELIVERED, shape="other")}), NOT_YET, id="of-another-shape"),
        pytest.param(
            Ledger({COPY.name: Entry(State.WAITING, shape=COPY.shape, why=Lack.QUOTA)}),
            "the namespace's quota of Secrets is used up",
            id="it-cannot-be-delivered",
        ),
    ],
)
def test_a_selector_whose_credentials_are_not_there_is_refused_once_with_the_reason(ledger, why):
    with pytest.raises(RefusedError) as refused:
        mutate(run(), registry(everyones=[MINIO]), ME, delivered=ledger)

    assert refused.value.problems == (
        "steps[a]: selector 'store': credentials 'root' of minio/s3 are not in namespace 'team-a': "
        f"{why}; set inject: false if the step can do without",
    )
    assert refused.value.reasons == {Reason.UNDELIVERED}


def test_so_is_an_expression_that_names_one():
    obj = run({"name": "X", "value": "<< extension.store.cfg.KEY >>"}, inject=False)

    with pytest.raises(RefusedError) as refused:
        mutate(obj, registry(everyones=[MINIO]), ME, delivered=NOTHING_DELIVERED)

    assert refused.value.problems == (f'steps[a].env[0].value: "<< extension.store.cfg.KEY >>": {WHY}',)
    assert refused.value.reasons == {Reason.UNDELIVERED}


def test_the_author_hears_first_of_what_the_author_can_correct():
    obj = run({"name": "X", "value": "<< extension.store.cfg.KEY | b64encode >>"}, inject=False)

    with pytest.raises(RefusedError) as refused:
        mutate(obj, registry(everyones=[MINIO]), ME, delivered=NOTHING_DELIVERED)

    assert refused.value.reasons == {Reason.EXPRESSION}


def test_what_needs_no_secret_can_be_used_from_everywhere():
    obj = run({"name": "X", "value": "<< extension.store.url >>"}, inject=False)

    (op, *_) = mutate(obj, registry(everyones=[MINIO]), ME, delivered=NOTHING_DELIVERED).ops

    assert op["value"] == "http://minio"


def test_what_the_author_has_set_needs_no_secret():
    obj = run({"name": "KEY", "value": "mine"}, {"name": "WORD", "value": "mine"})

    ops = mutate(obj, registry(everyones=[MINIO]), ME, delivered=NOTHING_DELIVERED).ops
    added = [op["value"] for op in ops if op["path"].endswith("/env/0")]

    assert added == [{"name": "S3_URL", "value": "http://minio"}]


def without_project(*, required):
    (service,) = MINIO["services"]
    return registry(everyones=[{**MINIO, "services": [{**service, "auth_required": required}]}])


def test_without_a_project_the_refusal_says_who_can_give_one_and_how():
    with pytest.raises(RefusedError) as refused:
        mutate(
            run(), without_project(required=True), Consumer(namespace="team-a"), settings=Settings(project_label="p")
        )

    assert refused.value.problems == (
        "steps[a]: selector 'store' (product=minio): nothing fits; closest: minio/s3: requires credentials, and "
        "namespace 'team-a' has neither a project nor an owner; whoever has the verb assign on projects.fuseml.org "
        "can run: kubectl label namespace team-a p=NAME",
    )


def test_without_a_project_a_service_that_needs_no_credentials_comes_with_a_warning():
    mutation = mutate(run(), without_project(required=False), Consumer(namespace="team-a"))

    (warning,) = mutation.warnings
    assert warning == (
        "steps[a]: selector 'store': no credentials: namespace lacks label extensions.fuseml.org/project"
    )
    assert [op["value"] for op in mutation.ops if op["path"].endswith("/env")] == [
        [{"name": "S3_URL", "value": "http://minio"}]
    ]


def test_without_a_project_an_expression_that_names_a_credential_says_why_there_is_none():
    obj = run({"name": "X", "value": "<< extension.store.cfg.KEY >>"})

    with pytest.raises(RefusedError) as refused:
        mutate(obj, without_project(required=False), Consumer(namespace="team-a"))

    (problem,) = refused.value.problems
    assert problem.endswith("; no credentials: namespace lacks label extensions.fuseml.org/project")
