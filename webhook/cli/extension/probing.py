"""EDGE: tries whether an address can be reached from here: a TCP connection, and a TLS handshake where TLS is meant."""

import re
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

# Ports of schemes that name none, and whether TLS is spoken there.
_SCHEMES: Final = {
    "http": (80, False),
    "https": (443, True),
    "ws": (80, False),
    "wss": (443, True),
    "postgres": (5432, False),
    "postgresql": (5432, False),
    "mysql": (3306, False),
    "redis": (6379, False),
    "rediss": (6379, True),
    "mongodb": (27017, False),
    "amqp": (5672, False),
    "amqps": (5671, True),
    "ldap": (389, False),
    "ldaps": (636, True),
}
_BARE: Final = re.compile(r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of a try.

    Attributes:
        is_tried: False if the address says no host and port.
    """

    is_reached: bool
    is_tried: bool
    text: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect."""

    host: str
    port: int
    has_tls: bool


def address_of(url: str) -> Address | None:
    """Where *url* leads; None if it does not say."""
    if bare := _BARE.fullmatch(url):
        return Address(bare["host"].strip("[]"), int(bare["port"]), has_tls=False)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    usual, has_tls = _SCHEMES.get(parts.scheme, (0, False))
    if not host or not (port or usual):
        return None
    return Address(host, port or usual, has_tls)


def probe(url: str, *, timeout: float, context: ssl.SSLContext) -> Outcome:
    """Connect to *url* within *timeout* seconds, and close the connection. Nothing of a protocol is sent but TLS."""
    address = address_of(url)
    if address is None:
        return Outcome(is_reached=False, is_tried=False, text="not tried: it names no host and port")
    try:
        with socket.create_connection((address.host, address.port), timeout) as connection:
            spoken = "TCP"
            if address.has_tls:
                with context.wrap_socket(connection, server_hostname=address.host) as secured:
                    spoken = f"TCP, {secured.version()}"
    except (OSError, UnicodeError, OverflowError) as e:
        return Outcome(is_reached=False, is_tried=True, text=f"not reached: {_why(e, timeout)}")
    return Outcome(is_reached=True, is_tried=True, text=f"reached: {spoken}")


def _why(error: Exception, timeout: float) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"TCP connects, but the certificate is not accepted: {error.verify_message}"
        case TimeoutError():
            return f"no answer within {timeout:g} s"
        case ssl.SSLError():
            return f"TCP connects, but the TLS handshake fails: {error.reason or error}"
    return getattr(error, "strerror", None) or str(error)
