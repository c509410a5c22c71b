#!/usr/bin/env bash
# Builds what a release of the Python package consists of, for this machine, into dist/:
#
#   faultwire-V-cp39-abi3-PLATFORM.whl   the native wheel, one for every CPython from 3.9 on
#   faultwire-V-py3-none-any.whl         without the library, for every other platform
#   faultwire-V.tar.gz                   the sources (not uploaded to PyPI, see docs/releasing.md)
#
# --portable      Linux: link with zig against the glibc of manylinux2014 (2.17), whatever this machine
#                 has. Compiles everything again (minutes) and needs `pip install ziglang` (100 MB).
# --native-only   only the native wheel.
#
# Without --portable the wheel is marked with the oldest glibc that its symbols allow: maturin's audit.
set -euo pipefail
cd "$(dirname "$0")/.."

# The linker that the figures in docs/releasing.md were made with.
ZIG=ziglang==0.17.1

portable=false native_only=false
for argument in "$@"; do
    case $argument in
        --portable) portable=true ;;
        --native-only) native_only=true ;;
        *) echo "usage: scripts/build_wheels.sh [--portable] [--native-only]" >&2; exit 2 ;;
    esac
done

bin=$PWD/.venv/bin
dist=$PWD/dist
if [[ ! -x $bin/maturin ]]; then
    echo "missing: .venv with maturin; run \`make python\` first" >&2
    exit 1
fi
mkdir -p "$dist"
rm -f "$dist"/faultwire-*-abi3-*.whl
$native_only || rm -f "$dist"/faultwire-*

options=(--release --locked --auditwheel check --out "$dist")
if $portable; then
    "$bin/python" -c 'import ziglang' 2>/dev/null || "$bin/pip" install --quiet "$ZIG"
    options+=(--zig --compatibility manylinux2014)
fi
(cd sdk-python && PATH="$bin:$PATH" "$bin/maturin" build "${options[@]}")

if ! $native_only; then
    # Its output only when it fails: it passes on a complaint of cargo that means nothing.
    log=$(cd sdk-python && "$bin/maturin" sdist --out "$dist" 2>&1) || { echo "$log" >&2; exit 1; }
    "$bin/python" scripts/build_noop_wheel.py "$dist"/faultwire-*.tar.gz --out "$dist" >/dev/null
fi

cd "$dist"
for file in faultwire-*; do
    printf '%10d  dist/%s\n' "$(wc -c <"$file")" "$file"
done
