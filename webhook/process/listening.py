"""EDGE: a socket that listens at an address from the command line."""

import socket
from typing import Final

from webhook.errors import WebhookError

# Connections that wait to be accepted; the system may allow fewer. When there is no place, a client tries again after a
# second.
BACKLOG: Final = 4096


class ListenError(WebhookError):
    """An address cannot be listened on. Says which, and why."""


def listen(address: str) -> socket.socket:
    """Listen on HOST:PORT, [HOST]:PORT, or :PORT for every address.

    Raises:
        ListenError: That is no such address, or the system refuses it.
    """
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ListenError(f"cannot listen on {address!r}: expected host:port")
    everywhere = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if ":" in host or everywhere else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=BACKLOG, dualstack_ipv6=everywhere)
    except OSError as e:
        # Python repeats the address after the reason.
        why = (e.strerror or str(e)).partition(" (while ")[0].lower()
        raise ListenError(f"cannot listen on {address}: {why}") from e
