"""`python -m faultwire`."""

import os
import subprocess
import sys

KEY = "verysecretkey"


def faultwire(*arguments, **environment):
    base = {k: v for k, v in os.environ.items() if not k.startswith(("FAULTWIRE_", "SENTRY_"))}
    return subprocess.run(
        [sys.executable, "-m", "faultwire", *arguments],
        env={**base, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_doctor_says_what_is_set_but_no_key():
    ended = faultwire("doctor", FAULTWIRE_DSN=f"https://{KEY}@errors.example.com/1", SENTRY_RELEASE="shop@1")
    assert ended.returncode == 0, ended.stderr
    assert "native library: loaded" in ended.stdout
    assert "dsn: https://...@errors.example.com/1 (FAULTWIRE_DSN)" in ended.stdout
    assert "release: shop@1 (SENTRY_RELEASE)" in ended.stdout
    assert "enabled: yes" in ended.stdout
    assert KEY not in ended.stdout + ended.stderr


def test_doctor_names_what_is_wrong():
    ended = faultwire("doctor", FAULTWIRE_DSN=f"https://{KEY}@/1")
    assert ended.returncode == 1 and "dsn" in ended.stdout
    assert KEY not in ended.stdout + ended.stderr
    ended = faultwire("doctor")
    assert ended.returncode == 0 and "there is no DSN" in ended.stdout


def test_send_test_arrives(sink):
    ended = faultwire("send-test", FAULTWIRE_DSN=sink.dsn)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [event] = sink.wait(1)
    assert f"delivered: event {event['event_id']}" in ended.stdout


def test_send_test_says_what_came_back(sink):
    sink.mode("status", status=403)
    ended = faultwire("send-test", "--dsn", sink.dsn)
    assert ended.returncode == 1 and "not delivered" in ended.stdout and "send_error" in ended.stdout
    ended = faultwire("send-test")
    assert ended.returncode == 1 and "there is no DSN" in ended.stdout
    assert faultwire().returncode == 2
