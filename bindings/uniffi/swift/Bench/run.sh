#!/usr/bin/env bash
# What a capture costs the thread that makes it: nanoseconds, and allocations of Swift's runtime. Those of the engine
# are its own allocator's, and not counted.
set -euo pipefail
cd "$(dirname "$0")/../../../.."

library=$(cd target/release && pwd -P)
scripts/swift.sh swift build --configuration release --product bench --package-path bindings/uniffi/swift \
    -Xlinker "-L$library" -Xlinker "-rpath=$library" >&2
counter=$(mktemp --suffix=.so)
trap 'rm -f "$counter"' EXIT
cc -O2 -shared -fPIC -o "$counter" bindings/uniffi/swift/Bench/allocations.c
scripts/swift.sh LD_PRELOAD="$counter" bindings/uniffi/swift/.build/release/bench
