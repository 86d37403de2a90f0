"""The templates that there are, by product. EDGE: reads the files of this package."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

# What people call a product when they do not know what its records say.
_ALIASES: Final = {
    "aws": "aws-s3",
    "azure": "azure-blob",
    "azure-blob-storage": "azure-blob",
    "google-cloud-storage": "gcs",
    "hf": "huggingface",
    "hugging-face": "huggingface",
    "hugging-face-hub": "huggingface",
    "huggingface-hub": "huggingface",
    "kfp": "kubeflow-pipelines",
    "kubeflow": "kubeflow-pipelines",
    "openai-compatible": "openai",
    "otel": "opentelemetry",
    "otlp": "opentelemetry",
    "postgres": "postgresql",
    "s3": "minio",
    "seldon-core": "seldon",
    "triton-inference-server": "triton",
    "vllm": "openai",
    "weights-and-biases": "wandb",
    "weights-biases": "wandb",
}


@dataclass(frozen=True, slots=True)
class Template:
    """The record of a product, to be filled in.

    Attributes:
        product: As records and selectors name it.
        title: What the product is, in a few words.
        text: YAML with comments and placeholders; its id is the product.
    """

    product: str
    title: str
    text: str


@cache
def templates() -> dict[str, Template]:
    """All templates, by product, in order."""
    folder = files(__package__) / "products"
    texts = {file.name.removesuffix(".yaml"): file.read_text("utf-8") for file in folder.iterdir()}
    return {product: Template(product, _title(text), text) for product, text in sorted(texts.items())}


def names() -> list[str]:
    """All that :func:`find` knows."""
    return [*templates(), *_ALIASES]


def find(name: str) -> Template | None:
    """The template of the product that a person calls *name*; None if there is none."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return templates().get(_ALIASES.get(plain, plain))


def _title(text: str) -> str:
    """The first line of a template, which is ``# Title.``."""
    return text.partition("\n")[0].removeprefix("# ").removesuffix(".")
