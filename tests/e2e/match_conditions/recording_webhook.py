"""A webhook that allows everything unchanged, and records what it was sent."""

import json
import ssl
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.certificates import self_signed

HOST = "127.0.0.1"


class RecordingWebhook:
    """A server on a free port of this machine.

    Attributes:
        seen: The operation and the object of each review, in order of arrival.
    """

    def __init__(self, folder: Path) -> None:
        self.seen: list[tuple[str, dict]] = []
        certificate, key = self_signed()
        self._certificate = certificate
        pem = folder / "webhook.pem"
        pem.write_bytes(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self.seen))
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def client_config(self) -> dict[str, str]:
        """The `clientConfig` that leads to it."""
        url = f"https://{HOST}:{self._server.server_port}/mutate"
        return {"url": url, "caBundle": b64encode(self._certificate).decode()}

    def stop(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()


def _handler(seen: list[tuple[str, dict]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            seen.append((request["operation"], request["object"]))
            response = {"uid": request["uid"], "allowed": True}
            review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
            body = json.dumps(review).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    return Handler
