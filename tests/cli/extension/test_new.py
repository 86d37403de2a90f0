"""``fuseml extension new`` as a person uses it."""

import pytest
from click.testing import CliRunner

from registry.templates import forms
from registry.templates.catalogue import templates
from webhook.cli.main import commands


def run(*args, **variables):
    result = CliRunner().invoke(commands, ["extension", "new", *args], env=variables)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def error(*args):
    code, shown, errors = run(*args)
    assert (code, shown) == (2, "")
    return errors.splitlines()[-1]


def test_products_are_listed_with_what_they_are():
    code, shown, errors = run()

    assert (code, errors) == (0, "")
    assert [line.split()[0] for line in shown.splitlines()] == list(templates())
    assert "\nqdrant              Qdrant: a store of vectors\n" in shown
    assert [line for line in shown.splitlines() if len(line) > 100] == []
    assert run("--list") == run("--list", "mlflow") == (0, shown, "")


def test_record_is_written_to_standard_output():
    assert run("mlflow") == (0, templates()["mlflow"].text, "")


def test_record_has_the_id_and_the_zone_that_are_given():
    expected = forms.record(templates()["minio"].text, extension_id="store", zone="cluster-beta")

    assert run("s3", "--id", "store", "--zone", "cluster-beta") == (0, expected, "")
    assert "\nid: store\n" in expected
    assert "\nzone: cluster-beta\n" in expected


def test_extension_is_written_for_a_cluster():
    expected = forms.extension(templates()["minio"].text, extension_id="store")

    assert run("minio", "--form", "extension", "--id", "store") == (0, expected, "")
    assert run("minio", FUSEML_EXTENSION_NEW_FORM="extension", FUSEML_EXTENSION_NEW_ID="store") == (0, expected, "")


def test_zone_of_the_steps_is_not_that_of_the_record():
    assert run("minio", FUSEML_ZONE="far") == run("minio")
    assert run("minio", FUSEML_EXTENSION_NEW_ZONE="here") == run("minio", "--zone", "here")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["mlfow"], "PRODUCT: there is no template of 'mlfow'; did you mean 'mlflow'?"),
        (["Postgress"], "PRODUCT: there is no template of 'Postgress'; did you mean 'postgres'?"),
        (["x"], "PRODUCT: there is no template of 'x'; 'fuseml extension new' lists those that there are"),
        (
            ["minio", "--id", "a b"],
            "--id: may hold only letters, digits, '_' and '-', and not begin with '-'; got 'a b'",
        ),
        (["minio", "--id", "null"], "--id: 'null' counts as none; give another one"),
        (
            ["minio", "--id", "<your-id>"],
            "--id: may hold only letters, digits, '_' and '-', and not begin with '-'; got '<your-id>'",
        ),
        (["minio", "--zone", "a\tb"], "--zone: holds a character that cannot be printed"),
        (["minio", "--zone", "z" * 101], "--zone: is longer than 100 characters"),
        (
            ["minio", "--form", "extension", "--id", "My_Store"],
            "--id: 'My_Store' cannot name an object: names hold a-z, 0-9 and '-'; give it another id, also in "
            "selectors with extension_id",
        ),
    ],
)
def test_wrong_usage_says_what_would_help(args, message):
    assert error(*args) == f"Error: Invalid value for {message}"
