"""Templates are found by the names that people use, and are in what is installed."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from registry.templates.catalogue import find, names, templates

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("mlflow", "mlflow"), ("MLflow", "mlflow"), ("S3", "minio"), ("AWS S3", "aws-s3"), ("vLLM", "openai"),
        ("Weights & Biases", "wandb"), ("Hugging Face Hub", "huggingface"), ("kfp", "kubeflow-pipelines"),
        ("Seldon Core", "seldon"), ("label_studio", "label-studio"), (" Postgres ", "postgresql"),
    ],
)  # fmt: skip
def test_product_is_found_by_other_names(name, product):
    assert find(name) == templates()[product]


@pytest.mark.parametrize("name", ["", "&", "mlflo", "../mlflow.yaml", "mlflow.yaml", "é", "a" * 10_000])
def test_other_names_are_not_found(name):
    assert find(name) is None


def test_every_name_leads_to_a_template():
    assert [name for name in names() if find(name) is None] == []


def test_wheel_holds_the_templates(tmp_path):
    for name in ("registry", "renderer", "webhook"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", "wheels", "."], cwd=tmp_path, check=True, timeout=300, capture_output=True)
    (wheel,) = tmp_path.glob("wheels/*.whl")

    packed = {Path(name).stem for name in zipfile.ZipFile(wheel).namelist() if "templates/products/" in name}

    assert packed == set(templates())
