"""See that the Debian packages which the tests need are there; as root, install those that are not.

No service is ever started, and no package is ever removed: where another mail server is installed,
this says so and fails. Runs on the system's own Python, before there is a virtual environment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

# A file of each package by which it is known to be there, however it was installed.
NEEDED = {
    "postfix": "/usr/lib/postfix/sbin/master",
    "clamav-daemon": "/usr/sbin/clamd",
    "dovecot-imapd": "/usr/lib/dovecot/imap",
    "dovecot-lmtpd": "/usr/lib/dovecot/lmtp",
    "poppler-utils": "/usr/bin/pdftoppm",
    "zbar-tools": "/usr/bin/zbarimg",
    "strace": "/usr/bin/strace",
    "chromium": "/usr/bin/chromium",
}
# Without a configuration Postfix has nothing to run with: the tests bring their own.
ANSWERS = "postfix postfix/main_mailer_type select No configuration\n"
# invoke-rc.d and deb-systemd-invoke ask this file; 101 means "do not start it" (invoke-rc.d(8)).
POLICY = Path("/usr/sbin/policy-rc.d")
NO_STARTS = "#!/bin/sh\n# Written by the tests of maild while they install packages.\nexit 101\n"


def main() -> int:
    """Return 0 when everything is there at the end."""
    missing = [package for package, file in NEEDED.items() if not Path(file).exists()]
    if not missing:
        return 0
    line = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if shutil.which("apt-get") is None:
        return fail(missing, "They are named as Debian names them; install their like.")
    if os.geteuid() != 0:
        return fail(missing, f"As root: {line}\n(or run `make test` as root, which does that)")
    if "postfix" in missing and (others := other_mail_servers()):
        return fail(
            missing,
            f"Postfix cannot be installed beside {', '.join(others)}, and a mail server is not "
            f"replaced unasked. Remove it yourself, or run the tests on another machine.",
        )
    print(f"Installing for the tests: {' '.join(missing)} (no service is started)", flush=True)
    with no_service_starts():
        return install(missing)


def fail(missing: list[str], advice: str) -> int:
    """Say what the tests need and what to do; the exit code."""
    print(f"The tests need Debian packages that are not here: {' '.join(missing)}", file=sys.stderr)
    print(advice, file=sys.stderr)
    return 1


def other_mail_servers() -> list[str]:
    """The installed packages that exclude Postfix."""
    rows = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}|${Package}|${Provides}\n"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    fields = [row.split("|") for row in rows]
    return [
        name
        for status, name, provides in fields
        if status == "installed" and "mail-transport-agent" in provides and name != "postfix"
    ]


def install(packages: list[str]) -> int:
    """Fetch and install; what apt said is shown when it fails."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    quiet = ["-q", "-y", "-o", "Dpkg::Use-Pty=0"]
    steps = (
        (["apt-get", *quiet, "update"], ""),
        (["debconf-set-selections"], ANSWERS),
        (["apt-get", *quiet, "--no-install-recommends", "--no-remove", "install", *packages], ""),
    )
    for command, said in steps:
        done = subprocess.run(
            command,
            input=said,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode != 0:
            print(done.stdout, file=sys.stderr)
            return fail(
                packages, f"`{' '.join(command)}` failed with {done.returncode}, see above."
            )
    return keep_from_starting_at_boot(packages)


def keep_from_starting_at_boot(packages: list[str]) -> int:
    """Undo what the packages tell systemd about the next boot, where systemd runs."""
    if not Path("/run/systemd/system").is_dir():
        return 0
    units = ["dovecot.service", "dovecot.socket"] if "dovecot-imapd" in packages else []
    units += ["postfix.service"] if "postfix" in packages else []
    return subprocess.run(["systemctl", "--quiet", "disable", *units], check=False).returncode


@contextlib.contextmanager
def no_service_starts(policy: Path = POLICY) -> Iterator[None]:
    """Forbid the starting of services, and put back what was said about it before."""
    saved = policy.with_name(f"{policy.name}.before-maild")
    signal.signal(signal.SIGTERM, _leave)  # so that the last lines run then too
    if policy.exists() and not saved.exists():
        policy.rename(saved)
    policy.write_text(NO_STARTS)
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
        if saved.exists():
            saved.rename(policy)


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
