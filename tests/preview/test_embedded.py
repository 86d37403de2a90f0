"""Runs, definitions, pod templates and annotations in objects of other kinds: judged, shown, and never changed."""

import pytest
import yaml
from click.testing import CliRunner

from webhook.adapters.annotations.names import POD_SELECTORS, RUN_SELECTORS, TASK_SELECTORS
from webhook.cli.main import commands
from webhook.objects import manifests

REGISTRY = {
    "id": "minio",
    "product": "minio",
    "services": [{"id": "s3", "endpoints": [{"url": "http://minio", "configuration": {"S3": "there"}}]}],
}
RIGHT = "product: minio"
WRONG = "prodct: minio"


@pytest.fixture
def fuseml(tmp_path):
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry/minio.yaml").write_text(yaml.safe_dump(REGISTRY))
    file = tmp_path / "f.yaml"

    def run(command, obj, *args):
        file.write_text(manifests.dump(obj))
        options = [] if command == "lint" else ["--registry", str(tmp_path / "registry")]
        result = CliRunner().invoke(commands, [command, str(file), *options, *args])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        result.text = result.output.replace(f"{file}", "f.yaml")
        return result

    return run


def text(criterion, key="'*'"):
    return f"{key}:\n  extensions:\n  - {{name: store, {criterion}}}\n"


def template(criterion, key="'*'"):
    """A pod template that asks."""
    return {
        "metadata": {"annotations": {POD_SELECTORS: text(criterion, key)}},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
    }


def job(criterion):
    return {"spec": {"template": template(criterion)}}


def task_run(criterion):
    selector = {"name": "store", **yaml.safe_load(f"{{{criterion}}}")}
    step = {"name": "main", "image": "i", "extensions": [selector]}
    return {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "spec": {"taskSpec": {"steps": [step]}}}


def workflow(criterion):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "w-", "annotations": {RUN_SELECTORS: text(criterion)}},
        "spec": {"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "i"}}]},
    }


def of(version, kind, spec):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "demo"}, "spec": spec}


ARGO, KUBEFLOW, RAY = "argoproj.io/v1alpha1", "kubeflow.org/v1", "ray.io/v1"
SPARK = "sparkoperator.k8s.io/v1beta2"
# apiVersion, kind, the place of what asks, and what stands there.
EMBEDDED = {
    "TriggerTemplate": ("triggers.tekton.dev/v1beta1", "TriggerTemplate", "spec.resourcetemplates.0", task_run),
    "Sensor": (ARGO, "Sensor", "spec.triggers.0.template.k8s.source.resource", workflow),
    "Sensor for Argo": (ARGO, "Sensor", "spec.triggers.0.template.argoWorkflow.source.resource", workflow),
    "EventSource": (ARGO, "EventSource", "spec.template", template),
    "ApplicationSet": (ARGO, "ApplicationSet", "spec.template.spec.source.helm.valuesObject.extra.0", workflow),
    "Rollout": (ARGO, "Rollout", "spec.template", template),
    "PyTorchJob": (KUBEFLOW, "PyTorchJob", "spec.pytorchReplicaSpecs.Master.template", template),
    "TFJob": (KUBEFLOW, "TFJob", "spec.tfReplicaSpecs.Worker.template", template),
    "MPIJob": ("kubeflow.org/v2beta1", "MPIJob", "spec.mpiReplicaSpecs.Launcher.template", template),
    "RayJob": (RAY, "RayJob", "spec.rayClusterSpec.workerGroupSpecs.0.template", template),
    "RayService": (RAY, "RayService", "spec.rayClusterConfig.headGroupSpec.template", template),
    "Knative Service": ("serving.knative.dev/v1", "Service", "spec.template", template),
    "Volcano Job": ("batch.volcano.sh/v1alpha1", "Job", "spec.tasks.0.template", template),
    "JobSet": ("jobset.x-k8s.io/v1alpha2", "JobSet", "spec.replicatedJobs.0.template", job),
    "AdvancedCronJob": ("apps.kruise.io/v1alpha1", "AdvancedCronJob", "spec.template.jobTemplate", job),
    "ScaledJob": ("keda.sh/v1alpha1", "ScaledJob", "spec.jobTargetRef.template", template),
    "PodTemplate": ("v1", "PodTemplate", "template", template),
    "ManifestWork": ("work.example.com/v1", "ManifestWork", "spec.workload.manifests.0", workflow),
}
# apiVersion, kind, the place of annotations, and the key there.
ANNOTATED = {
    "InferenceService": ("serving.kserve.io/v1beta1", "InferenceService", "metadata.annotations", POD_SELECTORS),
    "its predictor": ("serving.kserve.io/v1beta1", "InferenceService", "spec.predictor.annotations", POD_SELECTORS),
    "Notebook": (KUBEFLOW, "Notebook", "metadata.annotations", POD_SELECTORS),
    "SparkApplication": (
        "sparkoperator.k8s.io/v1beta2",
        "SparkApplication",
        "spec.driver.annotations",
        POD_SELECTORS,
    ),
    "CustomRun": ("tekton.dev/v1beta1", "CustomRun", "metadata.annotations", RUN_SELECTORS),
    "values": ("helm.example.com/v1", "Release", "spec.values.podAnnotations", TASK_SELECTORS),
}


def made(name, criterion):
    """The object *name* of the tables, with *criterion* in what it asks for."""
    version, kind, place, what = {**EMBEDDED, **ANNOTATED}[name]
    part = {what: text(criterion)} if isinstance(what, str) else what(criterion)
    for step in reversed(place.split(".")):
        part = [part] if step == "0" else {step: part}
    return {"apiVersion": version, "kind": kind, **part}


@pytest.mark.parametrize("name", [*EMBEDDED, *ANNOTATED])
def test_a_misspelt_criterion_is_found_with_its_line(fuseml, name):
    obj = made(name, WRONG)
    lines = manifests.dump(obj).splitlines()
    line = next(i for i, content in enumerate(lines, 1) if "prodct" in content)

    for command in ("lint", "preview", "explain"):
        result = fuseml(command, obj)

        assert result.exit_code == 1
        assert "unknown field 'prodct'; did you mean 'product'?" in result.text
        assert command == "explain" or f"f.yaml:{line}: " in result.text, result.text


@pytest.mark.parametrize("name", EMBEDDED)
def test_what_is_right_is_shown_and_stored_as_it_is(fuseml, name):
    obj = made(name, RIGHT)

    assert fuseml("lint", obj).text == "1 file, 0 problems\n"
    assert "S3=there  # selector 'store'" in fuseml("preview", obj, "-o", "env").text
    assert fuseml("preview", obj).stdout == manifests.dump(obj)
    assert "= minio/s3" in fuseml("explain", obj).text


@pytest.mark.parametrize("name", ANNOTATED)
def test_what_a_controller_may_copy_gets_a_remark_and_no_error(fuseml, name):
    for command in ("lint", "preview", "explain"):
        result = fuseml(command, made(name, RIGHT))

        assert result.exit_code == 0, result.text
        assert "is not read here: its pods get this if its controller copies the annotation to them" in result.text


@pytest.mark.parametrize("name", [name for name in EMBEDDED if name not in ("PodTemplate", "EventSource")])
def test_what_nothing_fits_is_refused_in_a_preview(fuseml, name):
    result = fuseml("preview", made(name, "product: nowhere"))

    assert result.exit_code == 1
    assert "nothing fits" in result.text


@pytest.mark.parametrize("parameter", ["$(tt.params.product)", "{{ .product }}", "x-{{product}}"])
@pytest.mark.parametrize("name", ["TriggerTemplate", "Sensor", "ApplicationSet", "PyTorchJob"])
def test_parameters_of_what_holds_it_are_left_alone(fuseml, name, parameter):
    obj = made(name, f'product: "{parameter}", version: "{parameter}"')

    for command in ("lint", "preview", "explain"):
        assert fuseml(command, obj).exit_code == 0, fuseml(command, obj).text


def test_a_misspelt_criterion_beside_a_parameter_is_found(fuseml):
    obj = made("TriggerTemplate", 'version: "$(tt.params.version)", prodct: minio')

    assert "unknown field 'prodct'" in fuseml("lint", obj).text


@pytest.mark.parametrize("command", ["lint", "preview", "explain"])
def test_an_unknown_name_beside_a_parameter_is_found(fuseml, command):
    obj = made("TriggerTemplate", "product: minio")
    step = obj["spec"]["resourcetemplates"][0]["spec"]["taskSpec"]["steps"][0]
    step["script"] = "echo $(tt.params.message) << extension.other.url >>"

    assert "no selector is named 'other'" in fuseml(command, obj).text


def test_a_workflow_event_binding_is_judged_as_the_workflow_that_it_submits(fuseml):
    metadata = {"annotations": {RUN_SELECTORS: text(WRONG)}}
    spec = {"event": {"selector": "true"}, "submit": {"workflowTemplateRef": {"name": "w"}, "metadata": metadata}}

    result = fuseml("lint", of("argoproj.io/v1alpha1", "WorkflowEventBinding", spec))

    assert result.exit_code == 1
    assert "unknown field 'prodct'" in result.text


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "Service", "Namespace", "ServiceAccount"])
def test_kinds_of_kubernetes_that_hand_nothing_on_are_refused_as_before(fuseml, kind):
    obj = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "annotations": {RUN_SELECTORS: text(RIGHT)}}}

    assert "is not read here; it is read on runs, their definitions and pods" in fuseml("lint", obj).text


def test_a_role_is_refused_as_before(fuseml):
    metadata = {"name": "x", "annotations": {RUN_SELECTORS: text(RIGHT)}}

    result = fuseml("lint", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata})

    assert "is not read here; it is read on runs, their definitions and pods" in result.text


def test_other_objects_stay_without_a_word(fuseml):
    plain = {"spec": {"containers": [{"name": "main", "args": ["{{x}}", "$(params.y)"]}]}}
    obj = of("kubeflow.org/v1", "PyTorchJob", {"pytorchReplicaSpecs": {"Master": {"template": plain}}})

    assert fuseml("lint", obj).text == "1 file, 0 problems, 1 file passed over\n"
    assert fuseml("preview", obj, "-o", "env").text == ""
