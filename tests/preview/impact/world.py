"""A registry, changes of it, and who judges objects by both."""

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from tests.preview.impact.objects import PLAIN_TASK
from webhook.mutation.settings import Settings
from webhook.preview.definitions import Definitions
from webhook.preview.impact.changes import ChangedViews, Key
from webhook.preview.impact.judge import Judge, Place
from webhook.preview.subjects import Subject

ME = Consumer(zone="here", namespace="team-a", project="team-a")
MINIO = {
    "id": "minio",
    "product": "minio",
    "version": "1.0.0",
    "zone": "here",
    "services": [
        {
            "id": "s3",
            "resource": "s3",
            "endpoints": [{"url": "http://minio", "type": "internal", "configuration": {"S3_URL": "http://minio"}}],
            "credentials": [{"id": "everyone", "configuration": {"S3_KEY": "canary-1"}}],
        }
    ],
}
OTHER = {"id": "other", "product": "other", "services": [{"id": "api", "configuration": {"OTHER": "1"}}]}
BEFORE = Index(map(codec.decode, [MINIO, OTHER]), "r1")
MINIO_KEY = Key("", "minio")


def with_service(**fields):
    return {**MINIO, "services": [{**MINIO["services"][0], **fields}]}


def with_login(**fields):
    return with_service(credentials=[{**MINIO["services"][0]["credentials"][0], **fields}])


def changes(*records, deleted=()):
    decoded = [codec.decode(record) for record in records]
    return {Key("", e.id): e for e in decoded} | {Key("", id_): None for id_ in deleted}


def judge_of(changed, *, index=BEFORE, keys=(), find=None, consumer=ME, **settings):
    definitions = Definitions(lambda obj: obj.get("metadata", {}).get("namespace", ""), find)
    definitions._add(PLAIN_TASK)
    after = ChangedViews(lambda _: index, changed) if changed else index
    return Judge(
        [*(keys or changed or [MINIO_KEY])],
        index,
        after,
        index.namespace,
        Settings(zone=consumer.zone, **settings),
        lambda _: consumer,
        definitions.seen_from,
    )


def judged(obj, changed, *, stored=False, **more):
    return judge_of(changed, **more).judge(Subject(obj), Place("" if stored else "demo.yaml:1"))
