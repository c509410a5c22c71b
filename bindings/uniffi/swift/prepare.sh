#!/usr/bin/env bash
# Puts what `scripts/bridge.sh` generated where the package has it. Not committed: it must match the library, which
# checks that when it is loaded.
set -euo pipefail
cd "$(dirname "$0")"

generated=../../../target/bridge/swift
[[ -f $generated/FaultwireBridge.swift ]] || {
    echo 'bindings/uniffi/swift/prepare.sh: run scripts/bridge.sh first' >&2
    exit 1
}

# What has not changed keeps its time, and is not compiled again.
put() {
    cmp -s "$1" "$2" || cp "$1" "$2"
}

mkdir -p Sources/Faultwire{Bridge,FFI}
put "$generated/FaultwireBridge.swift" Sources/FaultwireBridge/FaultwireBridge.swift
put "$generated/FaultwireFFI.h" Sources/FaultwireFFI/FaultwireFFI.h
module=$(mktemp)
trap 'rm -f "$module"' EXIT
cat >"$module" <<'END'
module FaultwireFFI {
    header "FaultwireFFI.h"
    link "faultwire_uniffi"
    export *
}
END
put "$module" Sources/FaultwireFFI/module.modulemap
