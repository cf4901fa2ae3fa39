"""A real Postfix in a temporary folder: it takes mail on a port of loopback and passes it on.

It is no model of a well-run mail server: it retries every second and gives up after six, so that a
test sees a deferral, a delay notice and a bounce within seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.servers.instance import Instance, make_folder
from tests.servers.ports import free_port
from tests.servers.tls import Certificates

DAEMONS = Path("/usr/lib/postfix/sbin")

# What is the same in every instance; `$name` is Postfix' own syntax.
_SETTINGS = {
    "compatibility_level": "3.6",
    "command_directory": "/usr/sbin",
    "daemon_directory": str(DAEMONS),
    "mail_owner": "postfix",
    "setgid_group": "postdrop",
    # Identity: nothing is local, nothing leaves loopback.
    "myhostname": "mx.test",
    "mydomain": "test",
    "myorigin": "mx.test",
    "mydestination": "",
    "mynetworks": "127.0.0.0/8",
    "inet_interfaces": "127.0.0.1",
    "smtp_bind_address": "127.0.0.1",
    "inet_protocols": "ipv4",
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "",
    "local_transport": "error:5.1.1 no local delivery in tests",
    "disable_dns_lookups": "yes",
    "smtp_host_lookup": "native",
    "biff": "no",
    "message_size_limit": "52428800",
    "mailbox_size_limit": "0",
    # Never throttle a test.
    "smtpd_client_connection_count_limit": "0",
    "smtpd_error_sleep_time": "0",
    "smtpd_soft_error_limit": "1000",
    "smtpd_hard_error_limit": "1000",
    "in_flow_delay": "0",
    "default_process_limit": "100",
    "default_destination_concurrency_limit": "20",
    "initial_destination_concurrency": "5",
    # A fast retry clock.
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "1s",
    "queue_run_delay": "1s",
    "maximal_queue_lifetime": "6s",
    "bounce_queue_lifetime": "6s",
    "delay_warning_time": "2s",
    "smtp_connect_timeout": "3s",
    "smtp_helo_timeout": "5s",
    # Routing: the caller says where mail goes; without a word it waits at a closed port.
    "relay_domains": "$mydomain",
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
    "default_transport": "smtp:[127.0.0.1]:9",
    "relay_transport": "$default_transport",
    "smtputf8_enable": "yes",
    # SMTP smuggling is closed by default only since 3.9; Debian 12 has 3.7.
    "smtpd_forbid_bare_newline": "normalize",
    "smtpd_discard_ehlo_keywords": "",
    "notify_classes": "",
    "smtpd_tls_security_level": "may",
    "smtp_tls_security_level": "may",
    "smtp_tls_verify_cert_match": "hostname",
}

_SERVICES = """\
127.0.0.1:{port} inet n - n - 100 smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
lmtp      unix - - n - - lmtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

_QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private"),
    *("saved", "trace", "maildrop", "public", "pid"),
)


class Postfix:
    """One running Postfix; `port` takes mail for every domain from loopback."""

    def __init__(
        self,
        certificates: Certificates,
        *,
        transports: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`transports` maps a domain to a next hop; `settings` are added to main.cf or replace it."""
        self.port = free_port()
        self.folder = folder = make_folder("postfix")
        self._instance = Instance(folder, log="maillog")
        self.config = folder / "etc"
        _make_queue(folder)
        main = _SETTINGS | _places(folder) | _tls(certificates) | _routes(transports or {})
        _write_config(self.config, main | dict(settings or {}), port=self.port)

    def start(self) -> None:
        """Start it, or start it again after `kill` with the queue it had; about 25 ms."""
        # Not `postfix start`, which checks the installation for two seconds.
        command = [str(DAEMONS / "master"), "-c", str(self.config), "-d"]
        self._instance.start(command, port=self.port, config=self.config)

    def kill(self) -> None:
        """End every process of it at once, as a power cut would."""
        self._instance.kill()

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self._instance.remove()

    @property
    def pid(self) -> int:
        """The pid of its master, which is also its process group."""
        return self._instance.pid

    def log(self) -> str:
        """Its log, one line an event."""
        return self._instance.log()

    def queue(self) -> list[dict[str, Any]]:
        """The messages it still holds, as `postqueue -j` tells them."""
        done = self._run("postqueue", "-j")
        return [json.loads(line) for line in done.splitlines() if line.startswith("{")]

    def flush(self) -> None:
        """Try every deferred message now."""
        self._run("postqueue", "-f")

    def release(self) -> None:
        """Let go every message that a `HOLD` action keeps."""
        self._run("postsuper", "-H", "ALL")

    def _run(self, command: str, *arguments: str) -> str:
        line = [f"/usr/sbin/{command}", "-c", str(self.config), *arguments]
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=10)
        assert done.returncode == 0, f"{command}: {done.stderr}\n{self._instance.explain()}"
        return done.stdout


def _places(folder: Path) -> dict[str, str]:
    return {
        "queue_directory": str(folder / "queue"),
        "data_directory": str(folder / "data"),
        "maillog_file_prefixes": str(folder),  # logging without syslogd
        "maillog_file": str(folder / "maillog"),
    }


def _tls(certificates: Certificates) -> dict[str, str]:
    return {
        "smtpd_tls_chain_files": f"{certificates.key}, {certificates.chain}",
        "smtp_tls_CAfile": str(certificates.authority),
    }


def _routes(transports: Mapping[str, str]) -> dict[str, str]:
    if not transports:
        return {}
    entries = ", ".join(f"{{ {domain} = {hop} }}" for domain, hop in transports.items())
    return {"transport_maps": f"inline:{{ {entries} }}"}


def _make_queue(folder: Path) -> None:
    queue = folder / "queue"
    queue.mkdir(mode=0o755)
    for name in _QUEUES:
        (queue / name).mkdir(mode=0o700)
        if name != "pid":
            shutil.chown(queue / name, user="postfix")
    (queue / "pid").chmod(0o755)
    for name, mode in (("public", 0o710), ("maildrop", 0o730)):
        shutil.chown(queue / name, group="postdrop")
        (queue / name).chmod(mode)
    (folder / "data").mkdir(mode=0o700)
    shutil.chown(folder / "data", user="postfix")


def _write_config(etc: Path, settings: Mapping[str, str], *, port: int) -> None:
    etc.mkdir(mode=0o755)
    main = etc / "main.cf"
    main.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    master = etc / "master.cf"
    master.write_text(_SERVICES.format(port=port))
    # Postfix distrusts a configuration that is younger than two seconds and naps until it is not:
    # that is the whole of its usual start time.
    an_hour_ago = time.time() - 3600
    for file in (main, master):
        os.utime(file, (an_hour_ago, an_hour_ago))
