"""``fuseml extension describe``: who gets what."""

import json

import pytest

RECORD = """\
id: minio
product: minio
zone: near
configuration: {REGION: x}
services:
- id: s3
  resource: s3
  auth_required: true
  endpoints:
  - {url: "http://in:9000", type: internal, configuration: {S3_URL: in}}
  - {url: "https://out", configuration: {S3_URL: out, S3_TLS: yes}}
  credentials:
  - {id: all, configuration: {KEY: CANARY}}
  - {id: beta, scope: project, projects: [beta], configuration: {KEY: CANARY, EXTRA: CANARY}}
  - {id: ada, scope: user, users: [ada], projects: [beta, gamma], configuration: {KEY: CANARY}}
- id: ui
  resource: http
  endpoints: [{url: "http://ui", type: internal}]
"""
OTHER = "id: other\nproduct: ceph\nservices: [{id: s, resource: s3, auth_required: true, credentials: [{id: c}]}]\n"


@pytest.fixture
def filled(folder):
    (folder.place / "minio.yaml").write_text(RECORD)
    (folder.place / "other.yaml").write_text(OTHER)
    return folder


def test_each_kind_of_consumers_is_shown_what_it_gets(filled):
    text = filled.ok("describe", "minio")

    assert text.startswith(
        "ID:        minio\nProduct:   minio\nZone:      near\n\nService s3\n  Resource:            s3\n"
        "  Needs credentials:   yes\n  Ask for it by:       product=minio, service_resource=s3\n\n"
        "  To everybody, from zone near\n    URL:           http://in:9000\n    Credentials:   all\n"
        "    Variables:     REGION, S3_URL, KEY\n\n"
        "  To everybody, from other zones\n    URL:           https://out\n    Credentials:   all\n"
        "    Variables:     REGION, S3_URL, S3_TLS, KEY\n\n"
        "  To project beta, from zone near\n    URL:           http://in:9000\n    Credentials:   beta\n"
        "    Variables:     REGION, S3_URL, KEY, EXTRA\n"
    )
    assert "  To user ada in project gamma, from other zones\n    URL:           https://out\n" in text
    assert "Ask for it by:       service_resource=http\n" in text
    assert "  To everybody, from other zones\n    nothing: it has no endpoint of type external\n" in text
    assert "CANARY" not in text


def test_same_is_written_for_programs(filled):
    description = json.loads(filled.ok("describe", "minio", "-o", "json"))

    (ui,) = (s for s in description["services"] if s["id"] == "ui")
    assert ui["selector"] == {"service_resource": "http"}
    assert ui["gives"] == [
        {"who": "everybody", "zone": "near", "is_elsewhere": False, "url": "http://ui", "credentials": "",
         "variables": ["REGION"]},
        {"who": "everybody", "zone": "", "is_elsewhere": True, "refused": "it has no endpoint of type external"},
    ]  # fmt: skip


def test_in_a_cluster_namespaces_decide(make_store, tmp_path):
    cluster = make_store("cluster")
    (tmp_path / "minio.yaml").write_text(RECORD)
    cluster.ok("register", "-f", str(tmp_path / "minio.yaml"))
    for name, project, owner in [("a", "beta", ""), ("b", "", "ada"), ("c", "gamma", "ada"), ("d", "", "")]:
        labels = {"extensions.fuseml.org/project": project} if project else {}
        annotations = {"extensions.fuseml.org/owner": owner} if owner else {}
        cluster.place.put(f"/api/v1/namespaces/{name}", {"metadata": {"labels": labels, "annotations": annotations}})

    text = cluster.ok("describe", "minio")

    assert (
        "  To namespaces without project and owner, from zone near\n"
        "    nothing: it needs credentials, and there are none for them\n" in text
    )
    assert "  To namespaces with any project or owner, from zone near\n    URL:           http://in:9000\n" in text
    assert "  To namespaces of owner ada in project beta, from zone near\n" in text
    assert "  To everybody, from zone near\n    URL:           http://ui\n" in text
    assert "  Namespaces that have its credentials\n    all:    b, fuseml\n    beta:   a\n    ada:    c\n" in text


def test_namespaces_that_may_not_be_listed_are_not_known(make_store):
    cluster = make_store("cluster")
    cluster.ok("register", "--id", "a")
    cluster.place.refuse = lambda method, path, *_: (403, "forbidden") if path == "/api/v1/namespaces" else None

    code, shown, errors = cluster("describe", "a")

    assert (code, shown) == (0, "ID:   a\n")
    assert errors.startswith("warning: which namespaces have credentials is not known: ")


def test_record_that_says_little_is_described(anywhere):
    anywhere.ok("register", "--id", "a")
    anywhere.ok("service", "add", "--id", "s", "--auth-required", "a")

    text = anywhere.ok("describe", "a")

    assert text == (
        "ID:   a\n\nService s\n  Needs credentials:   yes\n  Ask for it by:       extension_id=a, service_id=s\n\n"
        "  To everybody\n    nothing: it needs credentials, and there are none for them\n"
    )
    assert anywhere.refusal("describe", "nope") == ("error: an extension with the given ID could not be found: nope\n")
