"""Extensions to choose from, and who asks."""

from registry.records.model import Credentials, Endpoint, Extension, Service
from registry.resolving.index import Index
from registry.resolving.resolve import resolve
from registry.resolving.selectors import Consumer, Selector

INSIDE = Endpoint(url="http://inside", type="internal")
OUTSIDE = Endpoint(url="http://outside")
ME = Consumer(zone="here", project="mine", user="me")
USERS = {"scope": "user", "users": ("me", "you")}


def extension(id_, *, product="", version="", zone="", **service):
    """An extension with one service."""
    return Extension(id=id_, product=product, version=version, zone=zone, services=(Service(id="s", **service),))


def login(id_="login", **fields):
    return Credentials(id=id_, configuration={"PASSWORD": "hunter2"}, **fields)


def ask(extensions, consumer=ME, **criteria):
    return resolve(Selector(name="a", **(criteria or {"service_id": "s"})), Index(extensions), consumer)


def chosen(resolution):
    return resolution.binding and f"{resolution.binding.extension.id}/{resolution.binding.service.id}"


MLFLOW = Extension(
    id="mlflow-0001",
    product="mlflow",
    version="1.19.0",
    zone="alpha",
    services=(
        Service(id="tracking", resource="mlflow-tracking", category="experiment-tracking"),
        Service(id="store", resource="s3", category="model-store"),
    ),
)
MINIO = Extension(
    id="minio-1",
    product="minio",
    version="RELEASE.2021",
    services=(Service(id="s3", resource="S3", category="storage"),),
)
