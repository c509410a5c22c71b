#!/usr/bin/env bash
# Builds the bridge to Kotlin and Swift, and writes what is generated of it into target/bridge: kotlin/, swift/, and
# native/, the library without debug information as it lies in the jar.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --release -p faultwire-uniffi
cargo build --quiet -p faultwire-bindgen

case $(uname -s) in
    Darwin) os=macos suffix=dylib ;;
    *) os=linux suffix=so ;;
esac
arch=$(uname -m)
arch=${arch/arm64/aarch64}
library=target/release/libfaultwire_uniffi.$suffix
out=target/bridge

# What is newer than the library is of it.
if [[ $out/.done -nt $library && $out/.done -nt bindings/uniffi/bindgen/uniffi.toml ]]; then
    exit 0
fi
# Renamed when it is whole, so that what is there is of one library.
new=$(mktemp -d target/bridge.XXXXXX)
trap 'rm -rf "$new"' EXIT
for language in kotlin swift; do
    target/debug/faultwire-bindgen generate "$library" --config bindings/uniffi/bindgen/uniffi.toml \
        --language "$language" --out-dir "$new/$language" --no-format
done
native=$new/native/io/faultwire/native/$os-$arch
mkdir -p "$native"
cp "$library" "$native/"
strip -x "$native"/* 2>/dev/null || true
[[ $os == macos ]] || strip --strip-all "$native"/*
touch "$new/.done"
chmod 755 "$new"
rm -rf "$out"
mv "$new" "$out"
