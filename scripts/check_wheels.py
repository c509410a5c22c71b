"""Looks into the built wheels: what must be in each, what must not, and that they are of one package.

    python scripts/check_wheels.py dist/*.whl

Prints the sizes. Standard library only.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from build_noop_wheel import record_line

ROOT = Path(__file__).resolve().parents[1]
# A native wheel beyond this has symbols or a dependency that nobody meant to add.
MAX_BYTES = 5 << 20


def check(path: Path) -> dict[str, bytes]:
    """Checks one wheel; gives its Python files and its metadata."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    native = "none-any" not in path.name
    [info] = {name.partition("/")[0] for name in files if ".dist-info/" in name}

    record = files.pop(f"{info}/RECORD").decode().splitlines(keepends=True)
    expected = {record_line(*item) for item in files.items()} | {f"{info}/RECORD,,\n"}
    assert set(record) == expected and len(record) == len(expected), f"RECORD: {set(record) ^ expected}"

    tags = [line for line in files[f"{info}/WHEEL"].decode().splitlines() if line.startswith("Tag: ")]
    platforms = path.stem.split("-", 4)[4].split(".")
    prefix = "cp39-abi3" if native else "py3-none"
    assert sorted(tags) == sorted(f"Tag: {prefix}-{platform}" for platform in platforms), tags
    assert (f"Root-Is-Purelib: {str(not native).lower()}") in files[f"{info}/WHEEL"].decode()

    libraries = [name for name in files if name.endswith((".so", ".pyd", ".dylib", ".dll"))]
    assert len(libraries) == native, libraries
    for name in ("faultwire/py.typed", "faultwire/_native.pyi", "faultwire/_noop.py"):
        assert name in files, f"{name} is missing"
    assert not [name for name in files if name.endswith((".pyc", ".rs", ".toml")) or "/tests/" in name]
    [license_file] = [name for name in files if name.endswith("/licenses/LICENSE")]
    assert files[license_file] == (ROOT / "LICENSE").read_bytes(), "sdk-python/LICENSE is not the repository's"

    metadata = files[f"{info}/METADATA"].decode()
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert required == [], required
    assert path.stat().st_size <= MAX_BYTES, f"{path.stat().st_size} bytes"

    unpacked = sum(map(len, files.values()))
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {unpacked / 1e6:.2f} MB unpacked, {len(files) + 1} files")
    # The bill of materials is of the library alone.
    of_library = {*libraries, f"{info}/WHEEL", *(name for name in files if "/sboms/" in name)}
    return {name: content for name, content in files.items() if name not in of_library}


def main() -> int:
    wheels = [Path(argument) for argument in sys.argv[1:]]
    assert wheels, "no wheels"
    shared = {}
    for path in wheels:
        try:
            shared[path.name] = check(path)
        except AssertionError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            raise
    (first, reference), *others = shared.items()
    for name, files in others:
        different = {f for f in reference.keys() | files.keys() if reference.get(f) != files.get(f)}
        assert not different, f"{first} and {name} differ in {sorted(different)}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
