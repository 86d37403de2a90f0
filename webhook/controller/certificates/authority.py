"""Our own certificate authority and the leaf certificates that it issues. Knows neither Kubernetes nor the time."""

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

# Clocks of API servers may be behind ours, so a certificate is valid from a little before now.
SKEW: Final = timedelta(minutes=10)

_CERTIFICATE: Final = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
_KEY: Final = re.compile(rb"-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----")
_SIGNING: Final = {"key_cert_sign", "crl_sign"}

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """A trusted certificate authority. It can issue certificates only if its key is known."""

    certificate: x509.Certificate
    key: Key | None = field(default=None, repr=False)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def can_issue(self) -> bool:
        """True if its key is known."""
        return self.key is not None

    def issued(self, certificate: x509.Certificate) -> bool:
        """True if this authority has signed *certificate*."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Leaf:
    """The certificate that the webhook serves, and the authority that the Secret names as its issuer."""

    certificate: x509.Certificate
    key: Key | None = field(repr=False)
    issuer: x509.Certificate | None

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)


def make_authority(now: datetime, life: timedelta) -> Authority:
    """Make a new authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Each authority gets a different name, because verifiers look up issuers by name.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "fuseml-webhook-ca"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, secrets.token_hex(8)),
        ]
    )
    public = key.public_key()
    builder = _builder(name, name, public, start=now - SKEW, end=now + life)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(*_SIGNING), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def issue(authority: Authority, names: Sequence[str], now: datetime, life: timedelta) -> Leaf:
    """Issue a server certificate for the DNS names *names*.

    Raises:
        ValueError: The key of *authority* is not known.
    """
    if authority.key is None:
        raise ValueError("an authority without its key cannot issue")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, min(names, key=len)[:64])])
    issuer = authority.certificate
    end = min(now + life, issuer.not_valid_after_utc)
    public = key.public_key()
    builder = _builder(subject, issuer.subject, public, start=now - SKEW, end=end)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Leaf(certificate, key, issuer)


def key_pem(key: Key) -> bytes:
    """The key in PEM: PKCS8 without a password."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_certificates(text: bytes) -> tuple[x509.Certificate, ...]:
    """All certificates in *text*, ignoring everything else."""
    return tuple(_certificates(text))


def read_authorities(certificates: bytes, keys: bytes) -> tuple[Authority, ...]:
    """The authorities among *certificates*, in their order, each with its key if that is among *keys*."""
    by_public = {_public(key.public_key()): key for key in _keys(keys)}
    return tuple(
        Authority(certificate, by_public.get(_public(certificate.public_key())))
        for certificate in read_certificates(certificates)
        if _is_authority(certificate)
    )


def read_leaf(certificate: bytes, key: bytes, issuer: bytes) -> Leaf | None:
    """Read a leaf; None if no certificate can be read. A key that does not match the certificate is left out."""
    first = next(_certificates(certificate), None)
    if first is None:
        return None
    public = _public(first.public_key())
    own = next((k for k in _keys(key) if _public(k.public_key()) == public), None)
    return Leaf(first, own, next(_certificates(issuer), None))


def due_for_renewal(certificate: x509.Certificate, now: datetime) -> bool:
    """True after two thirds of its lifetime."""
    start = certificate.not_valid_before_utc + SKEW
    return now >= start + (certificate.not_valid_after_utc - start) * 2 / 3


def valid(certificate: x509.Certificate, now: datetime) -> bool:
    """True if *certificate* is within its lifetime at *now*."""
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


def flaw(leaf: Leaf | None, authorities: Sequence[Authority], names: Sequence[str], now: datetime) -> str:
    """Why clients that trust *authorities* would not accept *leaf* for *names* at *now*; empty if they accept it."""
    if leaf is None:
        return "there is no certificate"
    certificate = leaf.certificate
    issuer = next((authority.certificate for authority in authorities if authority.issued(certificate)), None)
    found = (
        (leaf.key is None, "its key is missing or does not match"),
        (certificate.not_valid_before_utc > now, "it is not valid yet"),
        (certificate.not_valid_after_utc <= now, "it has expired"),
        (issuer is None, "its issuer is not trusted"),
        (set(_names(certificate)) != set(names), "its DNS names are not those of the Service"),
        (leaf.issuer != issuer, "ca.crt in its Secret is not its issuer's certificate"),
        (issuer and not _verifies(certificate, issuer, names[0], now), "it fails verification"),
    )
    return next((why for wrong, why in found if wrong), "")


def _verifies(certificate: x509.Certificate, issuer: x509.Certificate, name: str, now: datetime) -> bool:
    verifier = PolicyBuilder().store(Store([issuer])).time(now).build_server_verifier(x509.DNSName(name))
    try:
        verifier.verify(certificate, [])
    except VerificationError:
        return False
    return True


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    *,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)


def _usage(*allowed: str) -> x509.KeyUsage:
    uses = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{use: use in allowed for use in uses})


def _certificates(text: bytes) -> Iterator[x509.Certificate]:
    for block in _CERTIFICATE.findall(text):
        try:
            yield x509.load_pem_x509_certificate(block)
        except ValueError:
            continue


def _keys(text: bytes) -> Iterator[Key]:
    for block in _KEY.findall(text):
        try:
            key = load_pem_private_key(block, password=None)
        except (ValueError, TypeError):  # Neither is logged: their texts may hold parts of the key.
            continue
        if isinstance(key, ec.EllipticCurvePrivateKey):
            yield key


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        return False


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return []
    return found.value.get_values_for_type(x509.DNSName)
