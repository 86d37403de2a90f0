"""EDGE: the certificate that is served: replaced as soon as its files change, kept while new ones are unusable."""

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from registry.reporting import OngoingProblem
from webhook.errors import WebhookError

_Stamp = tuple[tuple[int, int, int], ...]
_log = logging.getLogger(__name__)


class CertificateError(WebhookError):
    """A certificate and key cannot be served. Says which file, and why."""


class _Good(NamedTuple):
    context: ssl.SSLContext
    expires: float


class Certificates:
    """Gives the TLS context for a new connection.

    Making one takes longer than a handshake, so it is made again only when one of the files has changed.

    Raises:
        CertificateError: There is no good pair to begin with.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._problem = OngoingProblem(_log)
        # Before the loading, so that a file that changes meanwhile is seen as changed the next time.
        self._stamp = self._look()
        self._good = self._load()

    @property
    def file(self) -> str:
        """Where the certificate is."""
        return str(self._certificate)

    @property
    def expires(self) -> float:
        """When the certificate that is served expires, in seconds since 1970."""
        return self._good.expires

    def context(self) -> ssl.SSLContext:
        """Give the context of the newest good pair. Never raises."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._good = self._load()
            except CertificateError as e:
                self._problem.report(f"certificate not reloaded, the last good one stays: {e}")
            else:
                reloaded = f"certificate reloaded, expires {datetime.fromtimestamp(self.expires, UTC)}"
                if not self._problem.over(reloaded):
                    _log.info("%s", reloaded)
        return self._good.context

    def _look(self) -> _Stamp:
        stamps = []
        for path in (self._certificate, self._key):
            try:
                found = path.stat()
            except OSError:
                stamps.append((0, 0, 0))
            else:
                stamps.append((found.st_mtime_ns, found.st_ino, found.st_size))
        return tuple(stamps)

    def _load(self) -> _Good:
        for path in (self._certificate, self._key):
            try:
                path.read_bytes()
            except OSError as e:
                raise CertificateError(f"{path}: {(e.strerror or 'unreadable').lower()}") from e
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        try:
            # OpenSSL would ask the terminal for the password of a key that has one.
            context.load_cert_chain(self._certificate, self._key, password=lambda: "")
            leaf = x509.load_pem_x509_certificate(self._certificate.read_bytes())
            return _Good(context, leaf.not_valid_after_utc.timestamp())
        except ssl.SSLError as e:
            why = "do not belong together" if e.reason == "KEY_VALUES_MISMATCH" else "are no usable PEM files"
            raise CertificateError(f"{self._certificate} and {self._key} {why}") from e
        except (OSError, ValueError) as e:
            raise CertificateError(f"{self._certificate}: no certificate that can be read") from e
