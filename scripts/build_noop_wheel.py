"""Writes the `py3-none-any` wheel: the Python sources without the native library.

    python scripts/build_noop_wheel.py dist/faultwire-0.1.0.tar.gz --out dist

It is what pip takes where no native wheel fits, so that no platform compiles by surprise: importing it
says once that nothing is captured, and every call does nothing (`faultwire/_noop.py`).

Everything comes from the sdist: its PKG-INFO, which maturin wrote from pyproject.toml, becomes the
METADATA, so that there is one description of the package. The same sdist gives the same bytes.
Standard library only.
"""

from __future__ import annotations

import argparse
import ast
import base64
import hashlib
import sys
import tarfile
import zipfile
from email.parser import BytesParser
from pathlib import Path

TAG = "py3-none-any"
PACKAGE = "src/faultwire/"
# The first moment that a zip file can name: no wheel differs by when it was built.
EPOCH = (1980, 1, 1, 0, 0, 0)


class Unfit(Exception):
    """The sdist does not give a valid wheel; the message says why."""


def read_sdist(path: Path) -> dict[str, bytes]:
    """Files of the sdist by their path under its one top folder."""
    files = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                content = archive.extractfile(member)
                assert content is not None
                files[member.name.partition("/")[2]] = content.read()
    return files


def stand_in_version(source: bytes) -> str | None:
    """`VERSION` as `_noop.py` says it, without running it."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSION":
            return str(ast.literal_eval(node.value))
    return None


def contents(sdist: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """The name of the wheel and its files but for RECORD."""
    metadata = sdist["PKG-INFO"]
    headers = BytesParser().parsebytes(metadata, headersonly=True)
    name, version = headers["Name"], headers["Version"]
    said = stand_in_version(sdist[PACKAGE + "_noop.py"])
    if said != version:
        raise Unfit(f"_noop.py says VERSION {said!r}, the package is {version}")

    files = {
        path[len("src/") :]: content
        for path, content in sdist.items()
        if path.startswith(PACKAGE) and "__pycache__" not in path
    }
    compiled = [path for path in files if not path.endswith((".py", ".pyi", "py.typed"))]
    if compiled:
        raise Unfit(f"not a source file: {', '.join(compiled)}")
    if "faultwire/py.typed" not in files:
        raise Unfit("py.typed is missing")

    info = f"{name}-{version}.dist-info"
    files[f"{info}/METADATA"] = metadata
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: faultwire build_noop_wheel\nRoot-Is-Purelib: true\nTag: {TAG}\n".encode()
    )
    for license_file in headers.get_all("License-File", []):
        files[f"{info}/licenses/{license_file}"] = sdist[license_file]
    return f"{name}-{version}-{TAG}.whl", files


def record_line(path: str, content: bytes) -> str:
    """One line of RECORD, as the wheel format has it: URL-safe base64 without padding."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"


def write_wheel(path: Path, files: dict[str, bytes]) -> None:
    """Writes the files in order, RECORD at the end."""
    info = next(p.partition("/")[0] for p in files if p.endswith(".dist-info/METADATA"))
    ordered = sorted(files.items(), key=lambda item: (item[0].startswith(info), item[0]))
    record = "".join(record_line(*item) for item in ordered) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*ordered, (f"{info}/RECORD", record.encode())]:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the py3-none-any wheel of an sdist.")
    parser.add_argument("sdist", type=Path)
    parser.add_argument("--out", type=Path, default=Path("dist"))
    given = parser.parse_args()
    try:
        name, files = contents(read_sdist(given.sdist))
    except (Unfit, KeyError) as error:
        print(f"{given.sdist}: {error}", file=sys.stderr)
        return 1
    given.out.mkdir(parents=True, exist_ok=True)
    write_wheel(given.out / name, files)
    print(given.out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
