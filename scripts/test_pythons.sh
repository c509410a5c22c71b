#!/usr/bin/env bash
# The one native wheel under every other CPython found: python3.9 ... python3.14 on PATH, in
# ~/.pyenv/versions or under $FAULTWIRE_PYTHONS (paths of interpreters). Those that are not there are
# named and skipped, but for those that FAULTWIRE_FETCH_PYTHONS="3.14" asks to be fetched (debian_python.sh).
# Runs the tests of sdk-python/tests that need no web framework, and the vectors.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

# test_asgi, test_wsgi and test_examples need frameworks and run under the development Python only.
tests=()
for file in sdk-python/tests/test_*.py tests/test_vectors.py; do
    case $(basename "$file") in
        test_asgi.py | test_wsgi.py | test_examples.py) ;;
        *) grep -qE '^(import|from) (httpx|flask|fastapi|starlette|sentry)' "$file" || tests+=("$root/$file") ;;
    esac
done

find_python() { # minor version
    local candidate
    for candidate in ${FAULTWIRE_PYTHONS:-} "$(command -v "python3.$1" || true)" \
        "$HOME"/.pyenv/versions/3."$1".*/bin/python "$root/.venv/debian-3.$1/usr/bin/python3.$1"; do
        # A shim of pyenv is there for versions that are not switched on: only one that runs counts.
        if [[ -x $candidate && $("$candidate" -c 'import sys; print(sys.version_info[1])' 2>/dev/null) == "$1" ]]; then
            echo "$candidate"
            return
        fi
    done
}

development=$(.venv/bin/python -c 'import sys; print(sys.version_info[1])')
found=() missing=()
for minor in 9 10 11 12 13 14; do
    [[ $minor == "$development" ]] && continue
    python=$(find_python "$minor")
    if [[ -z $python && " ${FAULTWIRE_FETCH_PYTHONS:-} " == *" 3.$minor "* ]]; then
        python=$(scripts/debian_python.sh "3.$minor" ".venv/debian-3.$minor") || echo "3.$minor could not be fetched"
    fi
    if [[ -n $python ]]; then found+=("$minor:$python"); else missing+=("3.$minor"); fi
done
((${#missing[@]})) && echo "not here, so not run: ${missing[*]}"
((${#found[@]})) || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/build_wheels.sh --native-only >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
wheel=$(ls dist/faultwire-*-abi3-*.whl)
unset PYTHONPATH PYTHONHOME

# Debian's have no pip of their own.
pip_of() { # venv, what to do
    local venv=$1
    shift
    if [[ -x $venv/bin/pip ]]; then
        "$venv/bin/pip" --quiet --disable-pip-version-check "$@"
    else
        PYTHONWARNINGS=ignore .venv/bin/python -m pip --python "$venv/bin/python" --quiet --disable-pip-version-check "$@"
    fi
}

# pytest once a version, kept: what is tested is installed anew.
for entry in "${found[@]}"; do
    minor=${entry%%:*} python=${entry#*:}
    venv=.venv/pythons/3.$minor
    if [[ ! -x $venv/bin/pytest ]]; then
        if "$python" -c 'import ensurepip' 2>/dev/null; then
            "$python" -m venv "$venv"
        else
            "$python" -m venv --without-pip "$venv"
        fi
        pip_of "$venv" install 'pytest>=8,<10'
    fi
    pip_of "$venv" install --no-index --force-reinstall "$wheel"
    printf '%s: ' "$("$venv/bin/python" --version)"
    # From an empty folder: neither the sources nor their settings are in reach.
    (cd "$work" && "$root/$venv/bin/python" -m pytest -q --no-header -p no:cacheprovider -c /dev/null \
        --rootdir "$root" "${tests[@]}" >"$work/out" 2>&1) || { cat "$work/out"; exit 1; }
    tail -1 "$work/out"
done
