"""A real Dovecot 2.3 in a temporary folder: every address is a mailbox, filled by LMTP, read by IMAP.

Any user name is right with the one password, and it is taken as it is written: `A@x` and `a@x` are
two mailboxes, so that a test sees whether the case of an address survived. Tokens are right when a
provider that listens on `oauth_port` says so (the fixture `mail_identity`).
"""

from __future__ import annotations

import email
import email.policy
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

import imapclient

from tests.servers.instance import SEARCH_PATH, Instance, make_folder
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.tls import Certificates

PASSWORD = "open-sesame"  # no space: Dovecot splits the args of a passdb there
PATIENCE = 10.0
_NOBODY = 65534

_CONFIG = """\
base_dir = {T}/run
state_dir = {T}/state
log_path = {T}/dovecot.log
auth_verbose = yes
instance_name = t{imap}
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = dovecot
default_internal_group = dovecot
default_login_user = dovenull
first_valid_uid = 1
mail_uid = 65534
mail_gid = 65534
mail_location = maildir:{T}/mail/%u
mail_fsync = never
mailbox_list_index = yes
# Names as they are written: no lower case, no forbidden signs, no +detail cut off.
auth_username_format = %u
auth_username_chars =
recipient_delimiter =
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
# A wrong login costs two seconds, and the next one of that address four: for guessers, not for tests.
auth_failure_delay = 0
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
ssl_dh =
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {T}/oauth.conf
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={T}/mail/%u allow_all_users=yes
}}
protocol imap {{
  mail_max_userip_connections = 200
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service imap {{
  process_limit = 300
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service auth {{
  unix_listener auth-client {{
    mode = 0666
  }}
  inet_listener {{
    address = 127.0.0.1
    port = {auth}
  }}
}}
"""

_OAUTH = """\
introspection_mode = get
introspection_url = http://127.0.0.1:{port}/introspect?token=
username_attribute = username
active_attribute = active
active_value = true
force_introspection = yes
"""


@dataclass(frozen=True, slots=True)
class Received:
    """One message of a mailbox: its bytes as they lie there, and what Python reads in them."""

    raw: bytes
    message: EmailMessage

    def files(self) -> dict[str, bytes]:
        """The attachments by file name, decoded."""
        return {
            part.get_filename() or "": part.get_payload(decode=True)  # type: ignore[misc]  # typeshed: bytes for a leaf
            for part in self.message.walk()
            if part.get_content_disposition() == "attachment"
        }


class Dovecot:
    """One running Dovecot, with its ports for IMAP, IMAP over TLS, LMTP and SASL."""

    def __init__(self, certificates: Certificates) -> None:
        self.imap_port, self.imaps_port = free_port(), free_port()
        self.lmtp_port, self.auth_port = free_port(), free_port()
        self.oauth_port = free_port()
        self.folder = folder = make_folder("dovecot")
        self._instance = Instance(folder, log="dovecot.log")
        for name in ("run", "state", "mail"):
            (folder / name).mkdir(mode=0o755)
        shutil.chown(folder / "mail", user=_NOBODY, group=_NOBODY)
        (folder / "oauth.conf").write_text(_OAUTH.format(port=self.oauth_port))
        self._config = folder / "dovecot.conf"
        self._config.write_text(
            _CONFIG.format(
                T=folder,
                imap=self.imap_port,
                imaps=self.imaps_port,
                lmtp=self.lmtp_port,
                auth=self.auth_port,
                chain=certificates.chain,
                key=certificates.key,
                password=PASSWORD,
            )
        )

    def start(self) -> None:
        """Start it; about 50 ms."""
        command = shutil.which("dovecot", path=SEARCH_PATH)
        assert command is not None, "dovecot is not installed (Debian package dovecot-imapd)"
        self._instance.start([command, "-F", "-c", str(self._config)], port=self.imap_port)

    def remove(self) -> None:
        """End it and delete its folder; at once, for a polite end takes Dovecot seconds."""
        self._instance.kill()
        self._instance.remove()

    @property
    def pid(self) -> int:
        """The pid of its master, which is also its process group."""
        return self._instance.pid

    def log(self) -> str:
        """Its log so far."""
        return self._instance.log()

    @property
    def sasl_settings(self) -> dict[str, str]:
        """What makes a Postfix ask this Dovecot about logins, and relay for nobody else."""
        return {
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"inet:{LOOPBACK}:{self.auth_port}",
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_security_options": "noanonymous",
            "smtpd_tls_auth_only": "yes",
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
        }

    @contextmanager
    def login(self, address: str) -> Iterator[imapclient.IMAPClient]:
        """An IMAP connection of the user with this address."""
        with imapclient.IMAPClient(LOOPBACK, port=self.imap_port, ssl=False) as client:
            client.login(address, PASSWORD)
            yield client

    def mails(self, address: str) -> list[Received]:
        """What lies in the inbox of this address now, oldest first."""
        with self.login(address) as client:
            client.select_folder("INBOX", readonly=True)
            uids = client.search("ALL")
            fetched = client.fetch(uids, ["BODY.PEEK[]"]) if uids else {}
        return [_received(fetched[uid][b"BODY[]"]) for uid in uids]

    def wait_for_mails(
        self, address: str, count: int, *, within: float = PATIENCE
    ) -> list[Received]:
        """The mails of this address as soon as there are `count`; AssertionError after `within` s."""
        deadline = time.monotonic() + within
        while len(found := self.mails(address)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{address} has {len(found)} mails, not {count}, after {within} s\n"
                    f"{self._instance.explain()}"
                )
            time.sleep(0.05)
        return found


def installed_version() -> str:
    """What `dovecot --version` says, such as `2.3.19.1`."""
    command = shutil.which("dovecot", path=SEARCH_PATH)
    assert command is not None
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


def _received(raw: bytes) -> Received:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return Received(raw, message)
