"""What the policies on Secrets, namespaces and Extensions say is what the rest of the product says."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.documents.reader import NULLS
from registry.records.extension_objects import PROJECT_LABEL
from registry.records.variables import _NAME, _STEERING, _STEERING_NAMES, MAX_VALUE_BYTES
from tests.manifests.test_kustomize import MANIFESTS, OVERLAYS, built_in, objects, settings

ACCOUNT = "system:serviceaccount:fuseml-system:fuseml-controller"
needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="kustomize comes with kubectl")


def written(name: str, kind: str = "ValidatingAdmissionPolicy") -> dict[str, Any]:
    """The spec of a policy, as it is in its file."""
    found = yaml.safe_load_all((MANIFESTS / f"base/policy-{name}.yaml").read_text())
    (spec,) = (document["spec"] for document in found if document["kind"] == kind)
    return spec


def variables(spec: dict[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable["expression"] for variable in spec["variables"]}


def test_the_variables_that_control_something_are_those_of_the_registry():
    expression = variables(written("extensions"))["controlling"]

    (names,) = re.findall(r"entry\[0\] in \[(.*?)\]", expression, re.DOTALL)
    patterns = re.findall(r"matches\(r'\^(.*?)\$'\)", expression)
    assert set(re.findall(r"'(.*?)'", names)) == _STEERING_NAMES
    assert patterns.pop(0) == _NAME.pattern
    assert "|".join(patterns) == _STEERING.pattern


def test_limits_and_words_are_those_of_the_registry():
    spec = written("extensions")
    urls, name = re.findall(r"in \[(.*?)\]|!= ('null')", spec["validations"][2]["expression"])

    assert set(re.findall(r"size\(\) > (\d+)\b", variables(spec)["long"])) == {
        str(MAX_VALUE_BYTES), str(MAX_VALUE_BYTES // 4),
    }  # fmt: skip
    assert {*re.findall("'(.*?)'", urls[0]), ""} == NULLS  # the CRD refuses an empty one
    assert name[1].strip("'") in NULLS


def test_only_warnings_are_given_about_extensions():
    (binding,) = (
        document for document in yaml.safe_load_all((MANIFESTS / "base/policy-extensions.yaml").read_text())
        if document["kind"] == "ValidatingAdmissionPolicyBinding"
    )  # fmt: skip

    assert binding["spec"]["validationActions"] == ["Warn"]
    assert written("extensions")["failurePolicy"] == "Ignore"
    assert all(written(name)["failurePolicy"] == "Fail" for name in ("credentials", "namespaces"))


def test_the_policies_on_secrets_name_one_account_and_one_kind_of_secret():
    text = (MANIFESTS / "base/policy-credentials.yaml").read_text()

    assert set(re.findall(r"'(system:[^']*)'", text)) == {ACCOUNT}
    assert set(re.findall(r"fuseml-credentials-", text)) == {"fuseml-credentials-"}
    assert set(re.findall(r"'(fuseml\.org/[^']*)'", text)) == {"fuseml.org/credentials"}


def test_the_project_is_read_from_the_label_that_the_policy_guards():
    assert variables(written("namespaces"))["projectLabel"] == f"'{PROJECT_LABEL}'"


def built_with(overlay: str, component: str, folder: Path) -> list[dict[str, Any]]:
    """The objects of an overlay of an operator who adds a component."""
    shutil.copytree(MANIFESTS, folder / "manifests")
    (folder / "own").mkdir()
    (folder / "own/kustomization.yaml").write_text(yaml.safe_dump({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"../manifests/overlays/{overlay}"],
        "components": [f"../manifests/components/{component}"],
    }))  # fmt: skip
    return built_in(folder / "own")


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_with_kubeflow_policy_and_processes_read_the_same_annotation(overlay, tmp_path):
    found = {(obj["kind"], obj["metadata"]["name"]): obj for obj in built_with(overlay, "kubeflow-profiles", tmp_path)}
    usual = objects(overlay, "Deployment")

    assert ("ServiceAccount", "profiles-controller-service-account") not in found
    if usual:
        given = {"FUSEML_OWNER_ANNOTATION": "owner"}
        assert found["ConfigMap", "fuseml-webhook-settings"]["data"] == settings(overlay) | given
        policy = found["ValidatingAdmissionPolicy", "namespaces.extensions.fuseml.org"]["spec"]
        assert variables(policy) == variables(written("namespaces")) | {"ownerAnnotation": "'owner'"}
        assert ("ClusterRoleBinding", "fuseml-kubeflow-profiles") in found


@needs_kubectl
def test_the_controller_may_update_the_certificates_that_it_issues():
    policies = {
        overlay: objects(overlay, "ValidatingAdmissionPolicy")["credentials.extensions.fuseml.org"]["spec"]
        for overlay in ("self-managed-certs", "cert-manager")
    }
    certificates = {overlay: variables(policy)["certificates"] for overlay, policy in policies.items()}

    assert re.findall("'(.*?)'", certificates["self-managed-certs"]) == sorted(objects("self-managed-certs", "Secret"))
    assert certificates["cert-manager"] == "[]"
