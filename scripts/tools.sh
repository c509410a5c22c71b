#!/usr/bin/env bash
# Says plainly what is missing; installs it where that is possible (Debian, as root). What only some of the work needs is
# named as arguments, with the package if it has another name: scripts/tools.sh chromium mvn:maven
set -euo pipefail

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need cc gcc
need make make
need git git
need curl curl
need strace strace
for tool in "$@"; do need "${tool%%:*}" "${tool##*:}"; done
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3 python3-venv)

if ((${#missing[@]})); then
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "installing: ${missing[*]}"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "missing: ${missing[*]}; install them (on Debian as root: apt-get install ${missing[*]})" >&2
        exit 1
    fi
fi

if ! command -v cargo >/dev/null; then
    echo "missing: cargo; install Rust 1.89 or newer from https://rustup.rs" >&2
    exit 1
fi
required=1.89
version=$(rustc --version | cut -d' ' -f2)
if [[ $(printf '%s\n' "$required" "$version" | sort -V | head -1) != "$required" ]]; then
    echo "Rust $version is too old: $required or newer is needed" >&2
    exit 1
fi
for component in clippy rustfmt; do
    if ! cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1; then
        echo "missing: the Rust component $component (rustup component add $component)" >&2
        exit 1
    fi
done

if ! command -v npm >/dev/null || (($(node -p 'parseInt(process.versions.node)') < 20)); then
    echo "missing: Node 20 or newer, with npm; install it from https://nodejs.org" >&2
    exit 1
fi
