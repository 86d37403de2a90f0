"""The id and the zone of a record are what was asked for, whatever they are, or are refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.errors import InvalidRecordsError
from registry.records.texts import decode_text
from registry.templates import forms

TEMPLATE = """\
# A product.
id: product
product: product
#zone: cluster-alpha
services:
  - id: s
    endpoints:
      - url: http://host
        configuration:
          URL: http://host # not a login
    credentials:
      # before
      - id: a
        #scope: project
        configuration:
          # why
          USER: <your-user>   # who
          #TOKEN: <your-token> # instead
      - id: b
        configuration:
          KEY: <your-key>
  - id: t
    configuration:
      C: d
"""
WITH_SECRETS = """\
# A product.
apiVersion: fuseml.org/v1alpha1
kind: Extension
metadata:
  name: product
spec:
  product: product
  #zone: cluster-alpha
  services:
    - id: s
      endpoints:
        - url: http://host
          configuration:
            URL: http://host # not a login
      credentials:
        # before
        - id: a
          #scope: project
          # The values are in a Secret in the namespace of this object. Write a file login.env:
          #   USER=<your-user>
          # kubectl create secret generic product-a --from-env-file=login.env
          # In the namespace of the registry, where it is shared, it needs a label as well:
          # kubectl label secret product-a extensions.fuseml.org/extension=product
          secretRef:
            name: product-a
          configuration:
            # why
            USER: USER   # who
            #TOKEN: TOKEN # instead
        - id: b
          # The values are in a Secret in the namespace of this object. Write a file login.env:
          #   KEY=<your-key>
          # kubectl create secret generic product-b --from-env-file=login.env
          # In the namespace of the registry, where it is shared, it needs a label as well:
          # kubectl label secret product-b extensions.fuseml.org/extension=product
          secretRef:
            name: product-b
          configuration:
            KEY: KEY
    - id: t
      configuration:
        C: d
"""
ODD = [
    "on",
    "1.10",
    "null",
    "~",
    "a: b",
    "#",
    "\\",
    '"',
    "'",
    "\\1",
    "%",
    "a #b",
    "- a",
    "é",
    " a ",
    "2020-01-01",
    "\x00",
    "\x85",
]


def filled(text):
    found, problems = decode_text(text.replace("<your-", "<my-"))
    assert problems == []
    ((extension, _),) = found
    return extension


def test_record_is_the_template_itself():
    assert forms.record(TEMPLATE) == TEMPLATE


def test_record_with_an_id_and_a_zone():
    assert forms.record(TEMPLATE, extension_id="mine", zone="here") == TEMPLATE.replace(
        "id: product", "id: mine", 1
    ).replace("#zone: cluster-alpha", "zone: here")


def test_extension_names_a_secret_for_each_login():
    assert forms.extension(TEMPLATE) == WITH_SECRETS


@pytest.mark.parametrize("write", [forms.record, forms.extension])
@given(st.text(max_size=110) | st.sampled_from(ODD))
def test_zone_is_the_one_that_was_given(write, zone):
    try:
        text = write(TEMPLATE, zone=zone)
    except InvalidRecordsError as e:
        (problem,) = e.problems
        assert problem.path == ("zone",)
        assert not zone.isprintable() or len(zone) > 100 or zone in ("~", "null", "Null", "NULL")
    else:
        assert filled(text).zone == zone


@pytest.mark.parametrize("write", [forms.record, forms.extension])
@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,110}", fullmatch=True) | st.text() | st.sampled_from(ODD))
@example("1-0")
@example("yes")
@example("<your-id>")
def test_id_is_the_one_that_was_given(write, extension_id):
    try:
        text = write(TEMPLATE, extension_id=extension_id)
    except InvalidRecordsError as e:
        assert {problem.path for problem in e.problems} == {("id",)}
    else:
        assert filled(text).id == (extension_id or "product")
