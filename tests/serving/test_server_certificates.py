"""The certificate of a running server: read, replaced, broken, gone, and about to expire."""

import json
import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.serving.load import Load, new_connections, one_connection
from tests.serving.running_server import ANSWER, Running, Start, ask, eventually, make_pair
from webhook.process.tls import CertificateError, Certificates


def pair(folder: Path) -> tuple[Path, Path]:
    return folder / "tls.crt", folder / "tls.key"


def served(server: Running) -> bytes:
    """The certificate that a new connection gets."""
    with closing(server.tls()) as sock:
        found = sock.getpeercert(binary_form=True)
        assert found is not None
        return found


def test_old_versions_of_tls_are_refused(server: Running) -> None:
    assert Certificates(*pair(server.folder)).context().minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("year", [2030, 2049, 2050, 9999])
def test_the_end_of_a_certificate_is_read(year: int, tmp_path: Path) -> None:
    end = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    make_pair(tmp_path, days=(end - datetime.now(UTC)) / timedelta(days=1))

    assert abs(Certificates(*pair(tmp_path)).expires - end.timestamp()) <= 2


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\x00", id="binary"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", id="no-certificate"),
    ],
)
def test_a_file_that_is_no_certificate_is_refused(content: bytes, tmp_path: Path) -> None:
    make_pair(tmp_path)
    (tmp_path / "tls.crt").write_bytes(content)

    with pytest.raises(CertificateError, match=r"are no usable PEM files$"):
        Certificates(*pair(tmp_path))


def test_a_new_certificate_is_served_at_once_and_no_review_fails(start: Start) -> None:
    server = start()
    seen = {served(server)}
    load = Load(new_connections(server), one_connection(server))
    try:
        for _ in range(8):
            make_pair(server.folder)
            seen.add(served(server))
            at = load.answers
            eventually(lambda at=at: load.answers > at + 5)
    finally:
        load.stop()

    assert load.failures == []
    assert len(seen) == 9
    assert '"message":"certificate reloaded' in server.errors()


def test_a_certificate_without_its_key_is_not_served(start: Start) -> None:
    server = start()
    good = served(server)
    make_pair(server.folder, "other")

    (server.folder / "other.crt").rename(server.folder / "tls.crt")

    assert [served(server) for _ in range(3)] == [good] * 3
    logged = [json.loads(line) for line in server.errors().splitlines() if "not reloaded" in line]
    assert [line["level"] for line in logged] == ["error"]
    assert logged[0]["message"].endswith(f"{server.folder}/tls.key do not belong together")

    (server.folder / "other.key").rename(server.folder / "tls.key")

    assert served(server) != good


def test_a_certificate_whose_file_is_removed_is_still_served(start: Start) -> None:
    server = start()
    (server.folder / "tls.crt").unlink()

    assert server.get("/readyz")[0] == 200
    assert "no such file or directory" in server.errors()


def test_a_server_is_unready_when_its_certificate_is_about_to_expire(start: Start) -> None:
    server = start(wait=False)
    make_pair(server.folder, days=1 / 24 / 120)
    server.started()
    eventually(lambda: server.get("/readyz") == (503, b'{"ready":false,"reason":"certificate expired"}\n'))
    with closing(server.tls()) as sock:
        assert ask(sock).body == ANSWER

    make_pair(server.folder)

    assert server.get("/readyz")[0] == 200
