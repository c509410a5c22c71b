#!/usr/bin/env bash
# Installs the built wheels as a user would, each in a clean environment without an index, and uses them.
#
# --built   test what is in dist/ instead of building it first (the release workflow).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

[[ ${1:-} == --built ]] || scripts/build_wheels.sh

python=$root/.venv/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Nothing of this machine's configuration or repository takes part.
export PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONPATH PYTHONHOME MYPYPATH
for name in $(compgen -e | grep -E '^(FAULTWIRE|SENTRY)_' | grep -v '^FAULTWIRE_SINK$'); do unset "$name"; done

fail() { echo "test_wheels: $*" >&2; exit 1; }
one() { [[ $# == 1 && -f $1 ]] || fail "expected one file, found: $*"; echo "$1"; }
native=$(one dist/faultwire-*-abi3-*.whl)
noop=$(one dist/faultwire-*-py3-none-any.whl)
sdist=$(one dist/faultwire-*.tar.gz)
version=$(basename "$sdist" .tar.gz); version=${version#faultwire-}

step() { printf '\n-- %s\n' "$*"; }

step "contents"
"$python" scripts/check_wheels.py "$native" "$noop"

# pip's choice with all three side by side, the sdist too: a wheel always goes before it.
step "which file pip takes"
chosen() { # expected file, then options of pip
    local expected=$1; shift
    rm -rf "$work/chosen"
    "$python" -m pip download --quiet --no-deps --find-links dist --dest "$work/chosen" "$@" "faultwire==$version"
    [[ $(ls "$work/chosen") == "$(basename "$expected")" ]] || fail "pip $* took $(ls "$work/chosen")"
    echo "${*:-this machine}: $(basename "$expected")"
}
chosen "$native"
chosen "$noop" --platform plan9_mips
chosen "$noop" --platform musllinux_1_2_riscv64
chosen "$noop" --implementation pp --python-version 3.10 --abi pypy310_pp73

clean() { # name, wheel
    "$python" -m venv "$work/$1"
    "$work/$1/bin/pip" install --quiet --find-links "$work/nothing" "$2"
    local others
    others=$("$work/$1/bin/pip" list --format freeze | grep -vE '^(pip|setuptools|wheel)==' || true)
    [[ $others == "faultwire==$version" ]] || fail "$1: installed beside it: $others"
    "$work/$1/bin/pip" check >/dev/null
    local where
    where=$(cd "$work" && "$work/$1/bin/python" -Ic 'import sysconfig; print(sysconfig.get_path("platlib"))')
    find "$where" -name __pycache__ -path '*/faultwire/*' -prune -exec rm -rf {} +
    echo "installed: $(du -scb "$where"/faultwire "$where"/faultwire-*.dist-info | tail -1 | cut -f1) bytes, nothing beside it"
}
story() { # name, expected stdout, expected lines on stderr, then the file and its arguments
    local name=$1 out=$2 lines=$3; shift 3
    # -I: no working directory, no environment, no user site.
    (cd "$work" && "$work/$name/bin/python" -I -W error "$@" >"$work/out" 2>"$work/err") ||
        { cat "$work/err" >&2; fail "$name: exit code not 0"; }
    [[ $(cat "$work/out") == "$out" ]] || fail "$name: stdout is: $(cat "$work/out")"
    [[ $(wc -l <"$work/err") == "$lines" ]] || fail "$name: stderr is: $(cat "$work/err")"
    cat "$work/out" "$work/err"
}
types() {
    cp tests/wheels/consumer.py "$work/consumer.py"
    (cd "$work" && "$python" -m mypy --strict --config-file= --cache-dir "$work/mypy" \
        --python-executable "$work/$1/bin/python" consumer.py)
}

step "$(basename "$native")"
clean native "$native"
story native "an exception arrived" 0 "$root/tests/wheels/native.py" "$root/tests/conformance"
types native

step "$(basename "$noop")"
clean noop "$noop"
story noop "nothing happened" 1 "$root/tests/wheels/noop.py"
said="faultwire: nothing is captured, the native library did not load (ModuleNotFoundError: No module named 'faultwire._native')"
[[ $(cat "$work/err") == "$said" ]] || fail "stderr is not: $said"
types noop

printf '\nwheels tested\n'
