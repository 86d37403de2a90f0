"""Plausible objects and the registry that they ask, for laws."""

from hypothesis import strategies as st

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer

ME = Consumer(zone="here", project="ml")
RECORDS = (
    {
        "id": "minio",
        "product": "minio",
        "zone": "here",
        "configuration": {"REGION": "$(eu)"},
        "services": [
            {
                "id": "s3",
                "resource": "s3",
                "endpoints": [{"url": "http://minio:9000", "type": "internal", "configuration": {"S3_URL": "u"}}],
                "credentials": [
                    {"id": "c", "secretRef": {"name": "login"}, "configuration": {"S3_KEY": "key"}},
                ],
            }
        ],
    },
    {"id": "odd", "product": "odd", "services": [{"id": "x", "configuration": {"ODD": "<< extension.s3.url >>"}}]},
)
INDEX = Index(map(codec.decode, RECORDS))

TEXTS = st.sampled_from(
    [
        "plain",
        "cat <<EOF >>out\nEOF\n",
        "<< extension.s3.url >>",
        "a << extension.s3.cfg.REGION | quote >> b",
        "\\<< extension.s3.url >>",
        "$(S3_URL)/x",
        "<< extension.odd.cfg.ODD >>",
    ]
)
SECRETS = st.sampled_from(["<< extension.s3.cfg.S3_KEY >>", "x:<< extension.s3.cfg.S3_KEY >>@y"])
SELECTORS = st.sampled_from(
    [
        {"name": "s3", "product": "minio"},
        {"name": "s3", "service_resource": "s3", "inject": False},
        {"name": "odd", "product": "odd"},
        {"name": "odd", "product": "odd", "env_prefix": "O_"},
        {"name": "none", "product": "none", "optional": True},
    ]
)
BLOCKS = st.lists(SELECTORS, max_size=3, unique_by=lambda s: s["name"])
ENVS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from(["A", "B", "S3_URL", "S3_KEY"]), "value": TEXTS | SECRETS}),
    max_size=3,
    unique_by=lambda e: e["name"],
)


def containers(name):
    return st.fixed_dictionaries(
        {"name": st.just(name), "image": st.just("i")},
        optional={"extensions": BLOCKS, "env": ENVS, "args": st.lists(TEXTS, max_size=2), "workingDir": TEXTS},
    )


def tasks(name):
    spec = st.fixed_dictionaries(
        {"steps": st.tuples(containers("a"), containers("b")).map(list)},
        optional={
            "extensions": BLOCKS,
            "stepTemplate": st.fixed_dictionaries({}, optional={"env": ENVS}),
            "sidecars": containers("side").map(lambda c: [c]),
        },
    )
    return st.fixed_dictionaries({"name": st.just(name), "taskSpec": spec})


pipeline_runs = st.builds(
    lambda tasks, params: {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "demo"},
        "spec": {"params": params, "pipelineSpec": {"tasks": list(tasks)}},
    },
    st.tuples(tasks("one"), tasks("two")),
    st.lists(st.fixed_dictionaries({"name": st.just("p"), "value": TEXTS}), max_size=1),
)
templates = st.fixed_dictionaries(
    {"name": st.just("t"), "container": containers("main")},
    optional={"extensions": BLOCKS, "sidecars": containers("side").map(lambda c: [c])},
)
workflows = st.builds(
    lambda template: {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo"},
        "spec": {"templates": [template]},
    },
    templates,
)
# Two selectors of different levels, and variables that use them.
SELECTORS_OF = st.dictionaries(
    st.sampled_from(["a", "b", "*", "sidecar-side"]),
    st.fixed_dictionaries({}, optional={"extensions": BLOCKS, "env": ENVS}),
    max_size=3,
)
pipelines = st.builds(
    lambda tasks, last: {
        "apiVersion": "tekton.dev/v1",
        "kind": "Pipeline",
        "metadata": {"name": "demo"},
        "spec": {"tasks": list(tasks), "finally": [last]},
    },
    st.tuples(tasks("one"), tasks("two")),
    tasks("three"),
)
workflow_templates = st.builds(
    lambda template: {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "demo"},
        "spec": {"templates": [template]},
    },
    templates,
)
