"""Texts of records, and what is in them."""

from registry.records.texts import decode_text

EXTENSION_FIELDS = "id, product, version, zone, description, configuration, services"
SERVICE_FIELDS = "id, resource, category, description, auth_required, default, configuration, endpoints, credentials"


def extension_of(text):
    found, problems = decode_text(text)
    assert problems == []
    ((extension, _),) = found
    return extension


def service(content):
    return "id: x\nservices:\n- id: s\n" + "".join(f"  {line}\n" for line in content.splitlines())


def credentials(content):
    return service("credentials:\n- id: c\n" + "".join(f"  {line}\n" for line in content.splitlines()))
