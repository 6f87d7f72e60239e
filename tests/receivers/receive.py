"""Receives an agent's messages with Python's standard library alone: receive.py PORT SECRET."""

import base64
import hashlib
import hmac
import json
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = base64.b64decode(sys.argv[2].removeprefix("whsec_"))
seen: dict[str, str] = {}  # keep it in your database: idempotency key → your id


def is_genuine(headers: Message, body: bytes) -> bool:
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > 300:
        return False
    content = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    signatures = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), f"v1,{expected}".encode()) for one in signatures)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not is_genuine(self.headers, body):
            self.answer(401, {"error": "signature"})
            return
        key = self.headers["idempotency-key"]
        if key not in seen:
            message = json.loads(body)["data"]
            # Deliver it here: message["text"] to message["contact"]["id"] on message["channel"].
            print(json.dumps(message), flush=True)
            seen[key] = f"wamid-{len(seen) + 1}"
        self.answer(200, {"provider_message_id": seen[key]})

    def answer(self, status: int, told: dict[str, str]) -> None:
        raw = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
