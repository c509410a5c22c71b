"""Clients as their users install them, the official ones and ours: their errors read right through the API."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from server import Json, Server, wait_until

sys.path.insert(0, str(ROOT / "bench"))

#: Seconds for a program, on a busy machine.
LIMIT = 120


def run(command: list[str], server: Server, **environment: str) -> str:
    """A program that sends to the server; what it printed."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("FAULTWIRE_", "SENTRY_", "PYTEST"))}
    state = {"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    env |= {**state, "SENTRY_DSN": server.dsn, "FAULTWIRE_DSN": server.dsn, **environment}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def python(folder: Path, source: str, server: Server, **environment: str) -> str:
    program = folder / "program.py"
    program.write_text(source)
    return run([sys.executable, str(program)], server, **environment)


def node(folder: Path, source: str, server: Server, modules: Path, **environment: str) -> str:
    program = folder / "program.cjs"
    program.write_text(source)
    return run([shutil.which("node") or "node", str(program)], server, NODE_PATH=str(modules), **environment)


def needs_node() -> None:
    if shutil.which("node") is None:
        pytest.skip("there is no Node")


@pytest.fixture
def our_node() -> Path:
    """Where `require("faultwire")` finds our package."""
    needs_node()
    npm = importlib.import_module("npm")
    if missing := npm.missing():
        pytest.skip(missing)
    return ROOT / "sdk-node"


@pytest.fixture
def official_node() -> Path:
    """Where `require("@sentry/node")` finds it, installed by npm in a folder of its own."""
    needs_node()
    npm = importlib.import_module("npm")
    if missing := npm.prepare_peer():
        pytest.skip(missing)
    return Path(npm.PEERS) / "node_modules"


def the_issue(server: Server, **expected: Any) -> tuple[Json, Json]:
    """The issue whose members are so, and the payload of its newest occurrence."""
    server.settle()
    found = [i for i in server.issues() if all(i[name] == value for name, value in expected.items())]
    assert len(found) == 1, (expected, [{name: i[name] for name in expected} for i in server.issues()])
    issue = server.issue(found[0]["id"])
    event = server.find(server.occurrences(issue["id"])[0]["event_id"])
    assert event and event["payload"]
    return issue, event["payload"]


def tags(issue: Json) -> dict[str, str]:
    return {tag["name"]: tag["value"] for tag in issue["details"]["tags"]}


def check_reads_right(issue: Json, payload: Json, *, function: str, platform: str) -> None:
    """What the programs below say of themselves is what the API says of their issue."""
    assert issue["platform"] == platform
    assert issue["introduced_in"] == issue["last_release"] == "shop@1.2.3"
    assert [(seen["release"], seen["environment"]) for seen in issue["details"]["seen_in"]] == [
        ("shop@1.2.3", "staging")
    ]
    assert issue["impact"]["users"] == 1
    assert tags(issue).get("region") == "eu"
    assert payload["user"]["id"] == "42"
    frames = payload["exception"]["values"][-1]["stacktrace"]["frames"]
    assert any(function in str(frame.get("function")) for frame in frames), [frame.get("function") for frame in frames]


PYTHON_SENTRY = """
import sentry_sdk

sentry_sdk.init(release="shop@1.2.3", environment="staging", traces_sample_rate=0)
sentry_sdk.set_user({"id": "42"})
sentry_sdk.set_tag("region", "eu")

def charge(card):
    raise ValueError("no such card")

def checkout(password):
    try:
        charge("4111")
    except ValueError as error:
        raise KeyError("sku") from error

with sentry_sdk.new_scope() as scope:
    scope.set_transaction_name("POST /checkout")
    try:
        # Its source lines are sent as well: the secret is in none of them.
        checkout("hun" + "ter2")
    except KeyError as error:
        sentry_sdk.capture_exception(error)
sentry_sdk.capture_message("stock is low", level="warning")
sentry_sdk.flush()
raise RuntimeError("nobody caught this")
"""


def test_sentry_sdk_of_python(server: Server, tmp_path: Path) -> None:
    """A chain of two, a warning, and an error that nobody caught."""
    pytest.importorskip("sentry_sdk")
    program = tmp_path / "program.py"
    program.write_text(PYTHON_SENTRY)
    env = {k: v for k, v in os.environ.items() if not k.startswith("SENTRY_")}
    command = [sys.executable, str(program)]
    done = subprocess.run(command, env={**env, "SENTRY_DSN": server.dsn}, capture_output=True, timeout=LIMIT)
    assert done.returncode == 1
    issue, payload = the_issue(server, title="KeyError: 'sku'")
    assert (issue["type"], issue["culprit"], issue["level"]) == ("KeyError", "POST /checkout", "error")
    assert issue["is_handled"]
    check_reads_right(issue, payload, function="checkout", platform="python")
    assert [value["type"] for value in payload["exception"]["values"]] == ["ValueError", "KeyError"]
    assert "hunter2" not in json.dumps(payload)
    issue, _ = the_issue(server, title="stock is low")
    assert (issue["level"], issue["type"]) == ("warning", "")
    issue, _ = the_issue(server, title="RuntimeError: nobody caught this")
    assert not issue["is_handled"]


NODE_SENTRY = """
const Sentry = require("@sentry/node");
Sentry.init({ release: "shop@1.2.3", environment: "staging" });
Sentry.setUser({ id: "42" });
Sentry.setTag("region", "eu");
class OutOfStock extends Error { constructor(message, options) { super(message, options); this.name = "OutOfStock"; } }
function charge() { throw new TypeError("no such card"); }
function checkout() { try { charge(); } catch (cause) { throw new OutOfStock("tea is out", { cause }); } }
try { checkout(); } catch (error) { Sentry.captureException(error); }
Sentry.captureMessage("stock is low", "warning");
Sentry.flush(10000).then(() => process.exit(0));
"""


def test_sentry_of_node(server: Server, tmp_path: Path, official_node: Path) -> None:
    """An error with a cause, and a warning."""
    node(tmp_path, NODE_SENTRY, server, official_node)
    issue, payload = the_issue(server, title="OutOfStock: tea is out")
    assert (issue["type"], issue["level"], issue["is_handled"]) == ("OutOfStock", "error", True)
    assert "checkout" in issue["culprit"]
    check_reads_right(issue, payload, function="checkout", platform="node")
    assert {value["type"] for value in payload["exception"]["values"]} == {"TypeError", "OutOfStock"}
    assert the_issue(server, title="stock is low")[0]["level"] == "warning"


def test_sentry_of_rust(server: Server) -> None:
    """An error with a source, and a panic in a thread. Compiling the client takes a minute where nothing is built."""
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("there is no cargo")
    folder, target = Path(__file__).parent / "sentry-rust", ROOT / ".bench" / "sentry-rust"
    build = [cargo, "build", "--quiet", "--locked", "--manifest-path", str(folder / "Cargo.toml")]
    built = subprocess.run([*build, "--target-dir", str(target)], capture_output=True, text=True, timeout=900)
    if built.returncode:
        pytest.skip(f"the crate cannot be built here: {built.stderr[-300:]}")
    run([str(target / "debug" / "sentry-rust-client")], server)
    issue, payload = the_issue(server, title="OutOfStock: the warehouse did not answer")
    assert (issue["culprit"], issue["level"], issue["platform"]) == ("POST /orders", "error", "native")
    assert issue["introduced_in"] == "shop@1.2.3"
    assert payload["user"]["id"] == "42" and tags(issue)["region"] == "eu"
    assert [value["type"] for value in payload["exception"]["values"]] == ["ParseIntError", "OutOfStock"]
    issue, payload = the_issue(server, type="panic")
    assert issue["title"] == "panic: the till is empty"
    assert not issue["is_handled"]
    check_reads_right(issue, payload, function="charge", platform="native")


# Sessions.


def fares(server: Server, release: str = "shop@1.2.3") -> tuple[dict[str, int], float | None]:
    """What the API says of a release: its sessions, and how many of them did not crash."""
    server.settle()
    (found,) = [one for one in server.pages("/api/v1/projects/1/releases") if one["release"] == release]
    return found["sessions"], found["crash_free_rate"]


PYTHON_SESSIONS = """
import sentry_sdk
from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware
from sentry_sdk.sessions import track_session
from wsgiref.util import setup_testing_defaults

sentry_sdk.init(release="shop@1.2.3", environment="staging", auto_session_tracking=True)

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/broken":
        raise RuntimeError("broken")
    if path == "/caught":
        sentry_sdk.capture_exception(ValueError("caught"))
    start_response("200 OK", [])
    return [b""]

for path in ["/"] * 6 + ["/caught"] + ["/broken"] * 2:
    environ = {"PATH_INFO": path}
    setup_testing_defaults(environ)
    try:
        body = SentryWsgiMiddleware(app)(environ, lambda *_: None)
        list(body)
        body.close()
    except RuntimeError:
        pass
for error in (None, ValueError("caught")):
    with sentry_sdk.isolation_scope() as scope, track_session(scope, session_mode="application"):
        if error:
            sentry_sdk.capture_exception(error)
sentry_sdk.flush()
"""


def test_sessions_of_sentry_sdk(server: Server, tmp_path: Path) -> None:
    """Nine requests, which it sums up, and two sessions of its own: two crashed, two had errors."""
    pytest.importorskip("sentry_sdk")
    python(tmp_path, PYTHON_SESSIONS, server)
    sessions, crash_free = fares(server)
    assert sessions == {"started": 11, "exited": 7, "errored": 2, "crashed": 2, "abnormal": 0}
    assert crash_free == pytest.approx(9 / 11)
    hours = server.get("/api/v1/projects/1/sessions", release="shop@1.2.3", environment="staging")["items"]
    assert sum(hour["started"] for hour in hours) == 11


NODE_SESSIONS = """
const Sentry = require("@sentry/node");
Sentry.init({ release: "shop@1.2.3", environment: "staging" });
const http = require("node:http");
const answers = {
  "/": () => {},
  "/caught": () => Sentry.captureException(new TypeError("caught")),
  "/broken": () => Sentry.captureException(new TypeError("broken"), { mechanism: { handled: false, type: "test" } }),
};
const app = http.createServer((request, response) => { answers[request.url](); response.end(); });
const ask = (path) => new Promise((done) => {
  http.get({ port: app.address().port, path, agent: false }, (answer) => answer.resume().on("close", done));
});
app.listen(0, "127.0.0.1", async () => {
  for (const path of ["/", "/", "/", "/caught", "/broken"]) await ask(path);
  app.close();
  await new Promise((done) => setTimeout(done, 50));
  await Sentry.flush(10000);
});
"""


NODE_PROCESS = """
const Sentry = require("@sentry/node");
const end = () => Sentry.flush(10000).then(() => process.exit(0));
Sentry.init({
  release: "job@2.0.0",
  integrations: [Sentry.onUncaughtExceptionIntegration({ onFatalError: end })],
});
if (process.env.HOW === "caught") Sentry.captureException(new TypeError("caught"));
if (process.env.HOW === "crashes") throw new TypeError("nobody caught this");
"""


def test_sessions_of_sentry_of_node(server: Server, tmp_path: Path, official_node: Path) -> None:
    """Requests, which it sums up; and the lives of processes without any: one well, one with an error, one that
    crashed."""
    node(tmp_path, NODE_SESSIONS, server, official_node)
    for how in ("well", "caught", "crashes"):
        node(tmp_path, NODE_PROCESS, server, official_node, HOW=how)
    sessions, crash_free = fares(server)
    assert sessions == {"started": 5, "exited": 3, "errored": 1, "crashed": 1, "abnormal": 0}
    assert crash_free == pytest.approx(4 / 5)
    sessions, crash_free = fares(server, "job@2.0.0")
    assert sessions == {"started": 3, "exited": 1, "errored": 1, "crashed": 1, "abnormal": 0}
    assert crash_free == pytest.approx(2 / 3)


# Our own.

PYTHON_OURS = """
import faultwire, json, time
faultwire.init(release="shop@1.2.3", environment="staging")
faultwire.set_user({"id": "42"})
faultwire.set_tag("region", "eu")

def charge(n):
    raise ValueError(f"card {n} is refused")

def checkout(n):
    try:
        charge(n)
    except ValueError:
        faultwire.capture_exception()

# Until it has answered once, a server is a stranger, to whom folded errors are reported and not counted.
checkout(0)
faultwire.flush(60 if FLUSHES else 0.2)
for n in range(1, COUNT):
    checkout(n)
assert faultwire.flush(60 if FLUSHES else 0.2) or not FLUSHES, faultwire.stats()
deadline = time.monotonic() + 60
def is_settled(stats):
    return not stats["pending"] and stats["recovered"]["delivered"] >= RECOVERED
while not is_settled(faultwire.stats()) and time.monotonic() < deadline:
    time.sleep(0.01)
print(json.dumps(faultwire.stats()))
"""

NODE_OURS = """
const faultwire = require(process.env.NODE_PATH);
faultwire.init({ release: "shop@1.2.3", environment: "staging" });
faultwire.setUser({ id: "42" });
faultwire.setTag("region", "eu");
function charge(n) { throw new TypeError(`card ${n} is refused`); }
function checkout(n) { try { charge(n); } catch (error) { faultwire.captureException(error); } }
(async () => {
  checkout(0);
  await faultwire.flush(FLUSHES ? 60000 : 200);
  for (let n = 1; n < COUNT; n++) checkout(n);
  await faultwire.flush(FLUSHES ? 60000 : 200);
  const deadline = Date.now() + 60000;
  const isSettled = ({ pending, recovered }) => !pending && recovered.delivered >= RECOVERED;
  while (!isSettled(faultwire.stats()) && Date.now() < deadline) {
    await new Promise((done) => setTimeout(done, 10));
  }
  console.log(JSON.stringify(faultwire.stats()));
  await faultwire.close(1);
})();
"""

STORM = 5000


def with_values(source: str, count: int, *, flushes: bool = True, recovered: int = 0) -> str:
    """The program with its numbers: captures; whether it waits for their delivery; for how many of earlier lives."""
    yes, no = ("True", "False") if "import faultwire" in source else ("true", "false")
    values = {"COUNT": str(count), "FLUSHES": yes if flushes else no, "RECOVERED": str(recovered)}
    for name, value in values.items():
        source = source.replace(name, value)
    return source


def check_storm(server: Server, stats: Json, title: str, platform: str) -> None:
    """Sent in full and folded are what was raised, and what the server counts."""
    (issue,) = wait_until(lambda: [i for i in server.issues() if i["raw"] == STORM], what="all to be counted")
    assert issue["estimated"] == STORM
    assert stats["folded"] > STORM / 2, stats
    assert len(server.issues()) == 1
    issue, payload = the_issue(server, type=title, raw=STORM)
    check_reads_right(issue, payload, function="checkout", platform=platform)
    assert issue["stored"] == STORM - stats["folded"]
    assert sum(hour["raw"] for hour in issue["details"]["hours"]) == STORM


def test_a_storm_in_python(server: Server, tmp_path: Path) -> None:
    """Five thousand errors of one place: few are sent in full, all are counted."""
    pytest.importorskip("faultwire")
    stats = json.loads(python(tmp_path, with_values(PYTHON_OURS, STORM), server))
    check_storm(server, stats, "ValueError", "python")


def test_a_storm_in_node(server: Server, tmp_path: Path, our_node: Path) -> None:
    stats = json.loads(node(tmp_path, with_values(NODE_OURS, STORM), server, our_node))
    check_storm(server, stats, "TypeError", "node")


@pytest.mark.parametrize("language", ["python", "node"])
def test_what_is_kept_while_the_server_is_down_arrives_once(
    server: Server, tmp_path: Path, language: str, request: pytest.FixtureRequest
) -> None:
    """Down: a process captures and ends. Up again: the next process sends what the first one kept, each once."""

    def life(count: int, **how: Any) -> Json:
        if language == "python":
            pytest.importorskip("faultwire")
            return dict(json.loads(python(tmp_path, with_values(PYTHON_OURS, count, **how), server)))
        modules = request.getfixturevalue("our_node")
        return dict(json.loads(node(tmp_path, with_values(NODE_OURS, count, **how), server, modules)))

    life(1)
    server.settle()
    server.stop()
    assert life(20, flushes=False)["spooled"] == 20
    assert life(20, flushes=False)["spooled"] == 20
    server.start()
    assert life(1, recovered=40)["recovered"]["delivered"] == 40
    server.settle()
    (issue,) = server.issues()
    assert issue["raw"] == 42
    assert "duplicate" not in server.outcomes()["not_counted"]


def test_a_restart_under_a_running_client(server: Server, tmp_path: Path) -> None:
    """The server is killed and started while one process captures for some seconds: all arrive, each once."""
    pytest.importorskip("faultwire")
    source = """
import faultwire, json, time
faultwire.init(storm_folding=False)
for n in range(400):
    faultwire.capture_message(f"number {n}", level="error")
    time.sleep(0.005)
assert faultwire.flush(90), faultwire.stats()
print(json.dumps(faultwire.stats()))
"""
    program = tmp_path / "program.py"
    program.write_text(source)
    env = {**os.environ, "FAULTWIRE_DSN": server.dsn}
    client = subprocess.Popen([sys.executable, str(program)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        for _ in range(3):
            wait_until(lambda: client.poll() is not None or server.issues(), what="the first events")
            server.kill()
            server.start()
        out, err = client.communicate(timeout=LIMIT)
    finally:
        client.kill()
        client.wait()
    assert client.returncode == 0, err.decode()
    assert json.loads(out)["captured"] == 400
    server.settle()
    assert sum(issue["raw"] for issue in server.issues()) == 400
