"""A run is given references to Secrets of its own namespace, and to no others."""

import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate

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
WHY = (
    "credentials 'root' of minio/s3 are in a Secret of namespace 'fuseml', and a run can refer to Secrets of its own "
    "namespace only; ask for an Extension and a Secret in this namespace"
)


def registry(*, everyones=(), own=()):
    private = Index(map(codec.decode, own), namespace="team-a")
    return Index(map(codec.decode, everyones), namespace="fuseml", private=[private]).seen_from("team-a")


def run(*env, **selector):
    step = {"name": "a", "image": "i", "extensions": [{"name": "store", "product": "minio", **selector}]}
    step |= {"env": list(env)} if env else {}
    spec = {"taskSpec": {"steps": [step]}}
    return {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "r"}, "spec": spec}


def given(obj, index):
    (env,) = [op["value"] for op in mutate(obj, index, ME).ops if op["path"].endswith("/env")]
    return {entry["name"]: entry.get("value") or entry["valueFrom"] for entry in env}


def test_a_secret_of_the_runs_own_namespace_is_referred_to():
    got = given(run(), registry(own=[MINIO]))

    assert got == {
        "S3_URL": "http://minio",
        "KEY": {"secretKeyRef": {"name": "minio", "key": "user"}},
        "WORD": {"secretKeyRef": {"name": "minio", "key": "password"}},
    }


def test_a_selector_that_needs_a_secret_from_elsewhere_is_refused_once():
    with pytest.raises(RefusedError) as refused:
        mutate(run(), registry(everyones=[MINIO]), ME)

    assert refused.value.problems == (
        f"steps[a]: selector 'store': {WHY}; set inject: false if the step can do without",
    )


def test_so_is_an_expression_that_names_one():
    obj = run({"name": "X", "value": "<< extension.store.cfg.KEY >>"}, inject=False)

    with pytest.raises(RefusedError) as refused:
        mutate(obj, registry(everyones=[MINIO]), ME)

    assert refused.value.problems == (f'steps[a].env[0].value: "<< extension.store.cfg.KEY >>": {WHY}',)


def test_what_needs_no_secret_can_be_used_from_everywhere():
    obj = run({"name": "X", "value": "<< extension.store.url >>"}, inject=False)

    (op, *_) = mutate(obj, registry(everyones=[MINIO]), ME).ops

    assert op["value"] == "http://minio"


def test_what_the_author_has_set_needs_no_secret():
    obj = run({"name": "KEY", "value": "mine"}, {"name": "WORD", "value": "mine"})

    added = [op["value"] for op in mutate(obj, registry(everyones=[MINIO]), ME).ops if op["path"].endswith("/env/0")]

    assert added == [{"name": "S3_URL", "value": "http://minio"}]
