"""The JVM's side: Maven fetches the peer and compiles the driver; one process of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
PACKAGE = ROOT / "bindings" / "uniffi" / "kotlin"
BUILT = ROOT / ".bench" / "kotlin"
PEER = "io.sentry"
# Seconds for a registry that does not answer.
BUILD_LIMIT = 600
# The same heap and collector for all, whatever the machine.
OPTIONS = ("-Xms256m", "-Xmx256m", "-XX:+UseG1GC")


def prepare() -> str | None:
    """Builds the package, the driver and its peer. Says why it cannot."""
    if shutil.which("mvn") is None or shutil.which("java") is None:
        return "Kotlin is not measured: there is no JDK with Maven"
    if not (ROOT / "target" / "bridge" / "kotlin").is_dir():
        return "Kotlin is not measured: the bridge is not built (make bridge)"
    builds = (
        ["-f", str(PACKAGE / "pom.xml"), "-pl", "faultwire", "-am", "-DskipTests", "install"],
        ["-f", str(HERE / "kotlin" / "pom.xml"), "clean", "process-classes"],
    )
    for build in builds:
        try:
            done = subprocess.run(["mvn", "-q", "-B", *build], capture_output=True, text=True, timeout=BUILD_LIMIT)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"Kotlin is not measured: Maven does not run ({type(error).__name__})"
        if done.returncode:
            said = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
            return f"Kotlin is not measured: it does not build here ({said[0] if said else done.stderr.strip()})"
    return None


def java(sdk: str, main: str, *arguments: object) -> list[str]:
    """A process in which only one of the SDKs is to be found."""
    is_peers = lambda jar: jar.name.startswith("sentry")  # noqa: E731
    jars = [jar for jar in sorted((BUILT / "lib").glob("*.jar")) if is_peers(jar) == (sdk == PEER)]
    path = os.pathsep.join(map(str, [BUILT / "classes", *jars]))
    return ["java", *OPTIONS, "-cp", path, f"bench.{main}", *map(str, arguments)]


def crossings(process) -> dict[str, float]:
    """Nanoseconds of a call across, by what it is: the least of three processes."""
    runs = [process(java("faultwire", "Crossing"))[0] for _ in range(3)]
    return {name: min(run[name] for run in runs) for name in runs[0]}
