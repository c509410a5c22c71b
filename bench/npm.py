"""The Node side: the peer by npm, and what either weighs when it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from run import Peers

HERE = Path(__file__).parent
ROOT = HERE.parent
PACKAGE = ROOT / "sdk-node"
PEERS = ROOT / ".bench" / "peers-node"
PEER = "@sentry/node"
# Seconds for a registry that does not answer.
INSTALL_LIMIT = 300


def missing() -> str | None:
    """Why Node cannot be measured at all."""
    if shutil.which("node") is None:
        return "Node is not measured: there is none"
    if not list(PACKAGE.glob("faultwire.*.node")) or not (PACKAGE / "dist").is_dir():
        return "Node is not measured: the package is not built (make node)"
    return None


def prepare_peer() -> str | None:
    """Installs the peer, and what it needs, in a folder of its own. Says why it cannot."""
    wanted = json.loads((HERE / "node" / "package.json").read_text())
    installed = PEERS / "node_modules" / PEER / "package.json"
    if installed.exists() and json.loads(installed.read_text())["version"] == wanted["dependencies"][PEER]:
        return None
    PEERS.mkdir(parents=True, exist_ok=True)
    (PEERS / "package.json").write_text(json.dumps(wanted))
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        done = subprocess.run(command, cwd=PEERS, capture_output=True, text=True, timeout=INSTALL_LIMIT)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{PEER} is not compared: npm does not run ({type(error).__name__})"
    if done.returncode or not installed.exists():
        return f"{PEER} is not compared: npm cannot install it here"
    return None


def sizes(peers: Peers) -> dict[str, dict[str, float]]:
    """MB on the disk and number of packages, by SDK."""
    if peers.no_node:
        return {}
    out = {"faultwire": ours()}
    if not peers.no_npm:
        modules = PEERS / "node_modules"
        listed = json.loads((modules / ".package-lock.json").read_text())["packages"]
        files = sum(file.lstat().st_size for file in modules.rglob("*") if file.is_file())
        out[PEER] = {"mb": files / 1e6, "packages": len(listed)}
    return out


def ours() -> dict[str, float]:
    """What `npm pack` takes of the package, and the package of one platform, which is its addon."""
    packed = subprocess.run(["npm", "pack", "--dry-run", "--json"], cwd=PACKAGE, capture_output=True, text=True)
    (package,) = json.loads(packed.stdout)
    addon = next(PACKAGE.glob("faultwire.*.node"))
    inside = [file["path"] for file in package["files"] if file["path"] != addon.name]
    size = addon.stat().st_size + sum((PACKAGE / path).stat().st_size for path in inside)
    return {"mb": size / 1e6, "packages": 2}
