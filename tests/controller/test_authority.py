"""The certificate authority and its leaf certificates, checked with TLS libraries."""

import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from webhook.controller.certificates import authority
from webhook.controller.certificates.authority import Authority, Leaf, flaw, issue, make_authority
from webhook.controller.certificates.plan import bundle, names

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
NAMES = names("fuseml-webhook", "fuseml-system")
CA = make_authority(NOW, 1825 * DAY)
OTHER = make_authority(NOW, 1825 * DAY)
LEAF = issue(CA, NAMES, NOW, 90 * DAY)


def shake_hands(tmp_path, leaf, trusted, name):
    """Verify *leaf* for *name* as an API server does. Returns None, or the reason why it is rejected."""
    (tmp_path / "tls.crt").write_bytes(leaf.pem)
    (tmp_path / "tls.key").write_bytes(authority.key_pem(leaf.key))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    client = ssl.create_default_context(cadata=bundle(trusted).decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
    try:
        for side in (theirs, ours, theirs, ours):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    except ssl.SSLCertVerificationError as e:
        return e.verify_message
    assert theirs.getpeercert()
    return None


@pytest.mark.parametrize("name", NAMES)
def test_leaf_is_accepted_for_each_of_its_names(tmp_path, name):
    assert shake_hands(tmp_path, LEAF, [CA], name) is None


@pytest.mark.parametrize("trusted", [[CA, OTHER], [OTHER, CA]], ids=["first", "second"])
def test_leaf_is_accepted_by_a_client_that_also_trusts_another_authority(tmp_path, trusted):
    assert shake_hands(tmp_path, LEAF, trusted, NAMES[0]) is None


def test_leaf_is_rejected_by_a_client_that_trusts_only_another_authority(tmp_path):
    assert "unable to get local issuer" in shake_hands(tmp_path, LEAF, [OTHER], NAMES[0])


def test_leaf_is_rejected_for_another_name(tmp_path):
    assert "Hostname mismatch" in shake_hands(tmp_path, LEAF, [CA], "fuseml-webhook.other.svc")


def test_names_are_those_of_the_service():
    assert NAMES == (
        "fuseml-webhook.fuseml-system.svc",
        "fuseml-webhook.fuseml-system.svc.cluster.local",
        "fuseml-webhook.fuseml-system",
        "fuseml-webhook",
    )


def test_longest_possible_names_can_be_issued():
    longest = names("s" * 63, "n" * 63)

    assert flaw(issue(CA, longest, NOW, DAY), [CA], longest, NOW) == ""


def test_leaf_is_valid_for_a_clock_that_is_behind():
    assert flaw(LEAF, [CA], NAMES, NOW - timedelta(minutes=9)) == ""


def test_leaf_expires_no_later_than_its_authority():
    leaf = issue(CA, NAMES, NOW, 10_000 * DAY)

    assert leaf.certificate.not_valid_after_utc == CA.certificate.not_valid_after_utc


@pytest.mark.parametrize(("age", "expected"), [(59 * DAY, False), (60 * DAY, True), (91 * DAY, True)])
def test_certificate_is_due_for_renewal_after_two_thirds_of_its_lifetime(age, expected):
    assert authority.due_for_renewal(LEAF.certificate, NOW + age) is expected


def test_lifetime_shorter_than_the_skew_is_not_due_at_once():
    leaf = issue(CA, NAMES, NOW, timedelta(seconds=30))

    assert not authority.due_for_renewal(leaf.certificate, NOW + timedelta(seconds=19))


@pytest.mark.parametrize(
    ("leaf", "after", "expected"),
    [
        pytest.param(LEAF, DAY, "", id="good"),
        pytest.param(None, DAY, "there is no certificate", id="none"),
        pytest.param(
            Leaf(LEAF.certificate, None, CA.certificate), DAY, "its key is missing or does not match", id="key"
        ),
        pytest.param(LEAF, 90 * DAY, "it has expired", id="expired"),
        pytest.param(LEAF, -DAY, "it is not valid yet", id="future"),
        pytest.param(issue(OTHER, NAMES, NOW, DAY), DAY / 2, "its issuer is not trusted", id="issuer"),
        pytest.param(
            issue(CA, names("x", "fuseml-system"), NOW, DAY),
            DAY / 2,
            "its DNS names are not those of the Service",
            id="names",
        ),
        pytest.param(
            issue(CA, (*NAMES, "x"), NOW, DAY), DAY / 2, "its DNS names are not those of the Service", id="more-names"
        ),
        pytest.param(
            Leaf(LEAF.certificate, LEAF.key, OTHER.certificate),
            DAY,
            "ca.crt in its Secret is not its issuer's certificate",
            id="ca.crt",
        ),
    ],
)
def test_flaw_says_what_is_wrong_with_a_leaf(leaf, after, expected):
    assert flaw(leaf, [CA], NAMES, NOW + after) == expected


def test_leaf_certificate_used_as_an_authority_is_not_trusted():
    impostor = Authority(LEAF.certificate, LEAF.key)

    assert flaw(issue(impostor, NAMES, NOW, DAY), [impostor], NAMES, NOW) == "it fails verification"


def test_authority_without_its_key_cannot_issue():
    with pytest.raises(ValueError, match="without its key"):
        issue(Authority(CA.certificate), NAMES, NOW, DAY)


# Read


def text_of(*authorities):
    return b"".join(a.pem for a in authorities), b"".join(authority.key_pem(a.key) for a in authorities)


def test_authorities_survive_a_round_trip():
    read = authority.read_authorities(*text_of(CA, OTHER))

    assert text_of(*read) == text_of(CA, OTHER)


def test_keys_are_matched_to_certificates_in_any_order():
    certificates, _ = text_of(CA, OTHER)
    _, keys = text_of(OTHER, CA)

    read = authority.read_authorities(certificates, keys)

    assert [a.key.private_numbers() for a in read] == [CA.key.private_numbers(), OTHER.key.private_numbers()]


def test_key_of_another_authority_is_ignored():
    assert not authority.read_authorities(text_of(CA)[0], text_of(OTHER)[1])[0].can_issue


def test_leaf_is_no_authority():
    assert authority.read_authorities(LEAF.pem, authority.key_pem(LEAF.key)) == ()


BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("garbage", [b"", b"\x00\xff", b"hello", BROKEN, LEAF.pem[:300]], ids=range(5))
def test_garbage_is_ignored(garbage):
    certificates, keys = text_of(CA)

    assert len(authority.read_authorities(garbage + b"\n" + certificates, garbage + keys)) == 1
    assert authority.read_leaf(garbage, garbage, garbage) is None


def _pem(key, password=None):
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(_pem(rsa.generate_private_key(65537, 2048)), id="rsa"),
        pytest.param(_pem(LEAF.key, b"x"), id="with-password"),
        pytest.param(_pem(ec.generate_private_key(ec.SECP256R1())), id="another"),
        pytest.param(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", id="broken"),
    ],
)
def test_key_that_does_not_match_its_leaf_is_left_out(key):
    assert authority.read_leaf(LEAF.pem, key, CA.pem) == Leaf(LEAF.certificate, None, CA.certificate)


def test_repr_contains_no_key():
    assert "key" not in repr(CA)
    assert "key" not in repr(LEAF)


def test_serialized_key_is_pkcs8():
    assert authority.key_pem(LEAF.key).startswith(b"-----BEGIN PRIVATE KEY-----\n")
