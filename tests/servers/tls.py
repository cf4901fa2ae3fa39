"""A certificate authority for one test run, and one certificate that every server of it shows."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

# Clients connect to "localhost" and verify; the other names are what the servers call themselves.
NAMES = ("localhost", "127.0.0.1", "mx.test", "imap.test")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the PEM files are: the server's key and chain, and the authority's own certificate."""

    key: Path
    chain: Path
    authority: Path

    def client_context(self) -> ssl.SSLContext:
        """A context that trusts this authority and nothing else."""
        return ssl.create_default_context(cafile=str(self.authority))


def make_certificates(folder: Path) -> Certificates:
    """Write a new authority and a certificate for every name of `NAMES` into `folder`."""
    folder.mkdir(exist_ok=True)
    authority = trustme.CA()
    issued = authority.issue_cert(*NAMES)
    made = Certificates(folder / "key.pem", folder / "cert.pem", folder / "ca.pem")
    made.key.write_bytes(issued.private_key_pem.bytes())
    made.chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    authority.cert_pem.write_to_path(str(made.authority))
    return made
