"""A certificate authority and a server's certificate, made by the openssl program."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.where_it_runs.processes import program


@dataclass(frozen=True, slots=True)
class Certificates:
    """Paths of PEM files."""

    ca_cert: Path
    server_cert: Path
    server_key: Path


def make_certificates(folder: Path, *, valid_for: str = "DNS:localhost") -> Certificates:
    """For one name and nothing else: by default `127.0.0.1` is a wrong one."""
    openssl = str(program("openssl", package="openssl"))
    made = Certificates(folder / "ca.crt", folder / "server.crt", folder / "server.key")
    ca_key, request, names = folder / "ca.key", folder / "server.csr", folder / "names"
    names.write_text(f"subjectAltName={valid_for}\nbasicConstraints=CA:FALSE\n")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    authority = ("-subj", "/CN=Test authority", "-days", "2", "-keyout", str(ca_key))
    server = ("-subj", "/CN=localhost", "-keyout", str(made.server_key))
    signer = ("-CA", str(made.ca_cert), "-CAkey", str(ca_key), "-CAcreateserial")
    sign = (*signer, "-days", "2", "-extfile", str(names))
    for command in (
        ("req", "-x509", *key, *authority, "-out", str(made.ca_cert)),
        ("req", *key, *server, "-out", str(request)),
        ("x509", "-req", "-in", str(request), *sign, "-out", str(made.server_cert)),
    ):
        subprocess.run([openssl, *command], check=True, capture_output=True)
    return made
