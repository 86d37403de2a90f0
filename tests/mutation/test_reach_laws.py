"""``"*"`` means every pod that a run makes, however its templates, tasks and pipelines refer to each other."""

from itertools import count

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st

from registry.resolving.index import Index
from tests.fakes.pods import argo_pod, container_of, tekton_pod
from tests.plausible_runs import INDEX, ME
from webhook.adapters.annotations.names import RUN_SELECTORS
from webhook.mutation.mutate import mutate
from webhook.objects.walk import at

ASKS = "'*': {extensions: [{name: s3, product: minio}]}"
LEAF = {"image": "i"}


def created(obj):
    return jsonpatch.apply_patch(obj, [dict(op) for op in mutate(obj, INDEX, ME).ops])


def names_of(container):
    return [entry["name"] for entry in container.get("env", ())]


def is_given(container):
    return "S3_URL" in names_of(container)


class World:
    """A Workflow and the templates of other objects, as an engine would go through them.

    Attributes:
        own: The Workflow's templates.
        theirs: The templates of other objects that run a container.
    """

    def __init__(self):
        self.own = []
        self.theirs = []
        self._numbers = count()

    def template(self, tree, *, is_own, name):
        if tree is None:
            body = {"name": name, "container": dict(LEAF)}
            self.theirs += [] if is_own else [body]
            return body
        calls = [self.call(*branch, is_own=is_own) for branch in tree]
        steps = {"steps": [[call] for call in calls]}
        return {"name": name, **(steps if len(calls) % 2 else {"dag": {"tasks": calls}})}

    def call(self, how, tree, *, is_own):
        name = f"t{next(self._numbers)}"
        call = {"name": f"call-{name}"}
        if how == "inline":
            inline = self.template(tree, is_own=is_own, name="")
            del inline["name"]
            return {**call, "inline": inline}
        if how == "local":
            template = self.template(tree, is_own=is_own, name=name)
            self.own += [template] if is_own else []
            return {**call, "template": name}
        self.template(tree, is_own=False, name=name)
        written = "{{item}}" if how == "computed" else name
        reference = {"templateRef": {"name": "library", "template": written}}
        return {**call, "template": "x", "hooks": {"exit": reference}} if how == "hook" else {**call, **reference}


WAYS = st.sampled_from(["inline", "local", "templateRef", "computed", "hook"])
TREES = st.recursive(st.none(), lambda trees: st.lists(st.tuples(WAYS, trees), min_size=1, max_size=3), max_leaves=12)


@given(st.lists(st.tuples(WAYS, TREES), min_size=1, max_size=3))
def test_every_pod_of_a_workflow_is_reached(tree):
    world = World()
    world.own.append(world.template(tree, is_own=True, name="main"))
    world.own.append({"name": "x", "container": dict(LEAF)})
    obj = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: ASKS}},
        "spec": {"entrypoint": "main", "templates": world.own},
    }

    stored = created(obj)

    assert all(is_given(container) for container in containers_in(stored["spec"]["templates"]))
    handover = at(stored, ("spec", "podMetadata", "annotations")) or {}
    for template in world.theirs:
        assert is_given(container_of(created(argo_pod(template, handover)), "main")), template


def containers_in(value):
    """The containers in templates, at any depth."""
    if isinstance(value, dict) and isinstance(value.get("container"), dict):
        yield value["container"]
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from containers_in(item)


TASK = {"steps": [{"name": "main", "image": "i"}]}
PIPELINES = st.recursive(
    st.sampled_from(["taskSpec", "taskRef", "step ref", "loop"]),
    lambda inner: st.tuples(
        st.sampled_from(["pipelineSpec", "pipelineRef"]),
        st.lists(inner, min_size=1, max_size=3),
        st.booleans(),
        st.booleans(),
    ),
    max_leaves=10,
)


def pipeline(trees, run, pods, *, is_own):
    """A pipelineSpec of *trees* in the run called *run*; the pods of its tasks are added to *pods*."""
    spec = {"tasks": [], "finally": []}
    for i, tree in enumerate(trees):
        name = f"n{i}"
        task = {"name": name}
        if isinstance(tree, tuple):
            how, inner, has_matrix, is_last = tree
            names = [f"{run}-{name}-{n}" for n in range(2)] if has_matrix else [f"{run}-{name}"]
            nested, *_ = [pipeline(inner, n, pods, is_own=is_own and how == "pipelineSpec") for n in names]
            task |= {how: nested} if how == "pipelineSpec" else {how: {"name": "p"}}
            task |= {"matrix": {"params": [{"name": "x", "value": ["1", "2"]}]}} if has_matrix else {}
            spec["finally" if is_last else "tasks"].append(task)
            continue
        if tree == "taskSpec":
            task["taskSpec"] = {"steps": [dict(step) for step in TASK["steps"]]}
        elif tree == "taskRef":
            task["taskRef"] = {"name": "t"}
        elif tree == "step ref":
            task["taskSpec"] = {"steps": [{"name": "main", "ref": {"name": "a"}}]}
        else:
            task["taskRef"] = {"apiVersion": "custom.tekton.dev/v1alpha1", "kind": "PipelineLoop", "name": "l"}
        if tree != "taskSpec" or not is_own:
            pods.append(("inner", f"{run}-{name}-00001-abcde") if tree == "loop" else (name, run))
        spec["tasks"].append(task)
    return spec


@given(st.lists(PIPELINES, min_size=1, max_size=3))
def test_every_pod_of_a_pipeline_run_is_reached(trees):
    pods = []
    obj = {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: ASKS}},
        "spec": {"pipelineSpec": pipeline(trees, "demo", pods, is_own=True)},
    }

    stored = created(obj)

    own = [step for step in steps_in(stored["spec"]["pipelineSpec"]) if "ref" not in step]
    assert all(is_given(step) for step in own)
    for task, run in pods:
        pod = created(tekton_pod(TASK, stored["metadata"]["annotations"], task=task, run=run))
        assert is_given(container_of(pod, "step-main")), (task, run)


def steps_in(spec):
    """The steps that stand in a pipelineSpec."""
    for section in ("tasks", "finally"):
        for task in spec[section]:
            yield from task.get("taskSpec", {}).get("steps", ())
            yield from steps_in(task["pipelineSpec"]) if "pipelineSpec" in task else ()


def test_templates_that_are_written_inline_too_deep_are_reached_all_the_same():
    template = {"container": dict(LEAF)}
    for i in range(20):
        template = {"steps": [[{"name": f"s{i}", "inline": template}]]}
    obj = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: ASKS}},
        "spec": {"entrypoint": "main", "templates": [{"name": "main", **template}]},
    }

    stored = created(obj)

    pod = argo_pod({"container": dict(LEAF)}, stored["spec"]["podMetadata"]["annotations"])
    assert is_given(container_of(created(pod), "main"))
    assert not mutate(stored, Index(), ME, old=stored).ops
