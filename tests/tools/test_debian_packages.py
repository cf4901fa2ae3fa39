"""Installing what the tests need starts no service and leaves the machine as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.debian_packages import no_service_starts, other_mail_servers

TOOL = Path(__file__).resolve().parents[2] / "tools" / "debian_packages.py"


@pytest.fixture(autouse=True)
def _sigterm_as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_services_may_not_start_while_packages_are_installed(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with no_service_starts(policy):
        assert subprocess.run([policy, "dovecot", "start"], check=False).returncode == 101
    assert list(tmp_path.iterdir()) == []


def test_a_policy_that_was_there_is_put_back_even_after_a_failure(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o700)
    with pytest.raises(SystemExit, match="143"), no_service_starts(policy):
        os.kill(os.getpid(), signal.SIGTERM)
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == [policy]


def test_a_policy_that_an_interrupted_run_set_aside_comes_back(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.with_name("policy-rc.d.before-maild").write_text("the operator's own")
    policy.write_text("left by a run that was killed")
    with no_service_starts(policy):
        pass
    assert policy.read_text() == "the operator's own"


@pytest.mark.skipif(not Path("/usr/bin/dpkg-query").exists(), reason="no Debian")
def test_postfix_is_no_other_mail_server() -> None:
    assert "postfix" not in other_mail_servers()


@pytest.mark.skipif(
    not Path("/usr/lib/postfix/sbin/master").exists(), reason="Postfix is not installed"
)
def test_with_everything_installed_it_says_nothing_and_succeeds() -> None:
    done = subprocess.run([sys.executable, TOOL], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
