"""The stand-in as a program of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx2

BOUND = 60  # seconds for a busy machine to start an interpreter


def test_it_tells_how_to_reach_it_and_at_its_end_what_it_saw() -> None:
    command = [sys.executable, "-m", "maild.simulators.exact", "--user", "jan@kantoor.example"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["address"] == "jan@kantoor.example"
        assert said["divisions"]["740001"] == "Acme BV"
        url = f"{said['site']}/api/oauth2/token"
        assert httpx2.post(url, json={}).status_code == 400
        process.terminate()
        out, _ = process.communicate(timeout=BOUND)
    told = json.loads(out)
    assert process.returncode == 1
    assert told["calls"] == {"POST oauth2/token": 1}
    assert told["rows"]["salesentry/SalesEntries"] == 0
    assert told["offences"] == ["a token request that is no form"]
