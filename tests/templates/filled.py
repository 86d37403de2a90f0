"""What a person would write in place of each placeholder."""

from registry.records.placeholders import PLACEHOLDER

VALUES = {
    "access-key": "5J2JKFVH4C1ZO5VYA3X8",
    "access-key-id": "24oT0SfbJPEu6kUbUKsH",
    "account": "acmedata",
    "api-key": "a1b2c3d4e5f6",
    "client-id": "0b9f3b1e-1111-4222-8333-444455556666",
    "client-secret": "dose1234",
    "comet-project": "digits",
    "connection-string": "DefaultEndpointsProtocol=https;AccountName=acmedata;AccountKey=a2V5==",
    "database": "features",
    "enterprise-token": "ghp_1",
    "experiment": "digits",
    "feature-store-yaml-in-base64": "cHJvamVjdDogYWNtZQo=",
    "google-project": "acme-ml",
    "header": "Authorization",
    "hmac-access-id": "GOOG1EXAMPLE",
    "hmac-secret": "bGoa+V7g/yqDXvKRqq+JTFn4uQZbPiQJo4pf9RzJ",
    "jaas-configuration": (
        'org.apache.kafka.common.security.scram.ScramLoginModule required username="ada" password="x y";'
    ),
    "model-repository": "s3://http://minio.minio:9000/models",
    "openai-project": "proj_1",
    "organization": "org-1",
    "password": "8KqS5xWQ4eagRu",
    "project": "alpha",
    "public-key": "pk-lf-1",
    "region": "eu-central-1",
    "sas-token": "sv=2024-11-04&sig=abc%3D",
    "secret-access-key": "cMGiZff8KqS5xWQ4eagRujh1tDcbQyRP0bEJSBOf",
    "secret-key": "sk-lf-1",
    "session-token": "IQoJb3JpZ2luX2VjEXAMPLE",
    "team": "acme",
    "token": "hunter2",
    "user": "ada",
    "wandb-project": "digits",
    "workspace": "acme",
}


def value_of(placeholder: str) -> str:
    """The value for ``<your-NAME>``; every NAME that ends in ``-host`` is a host."""
    name = placeholder.removeprefix("<your-").removesuffix(">")
    return f"{name.removesuffix('-host')}.example.com" if name.endswith("-host") else VALUES[name]


def filled(text: str) -> str:
    """*text* with a value in place of each placeholder."""
    return PLACEHOLDER.sub(lambda found: value_of(found[0]), text)
