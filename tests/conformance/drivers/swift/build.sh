#!/usr/bin/env bash
# Builds the driver into target/conformance/swift; after scripts/bridge.sh.
set -euo pipefail
cd "$(dirname "$0")/../../../.."
repository=$PWD

bindings/uniffi/swift/prepare.sh
case $(uname -s) in
    Darwin) os=macos ;;
    *) os=linux ;;
esac
arch=$(uname -m)
library=$(cd target && pwd -P)/bridge/native/io/faultwire/native/$os-${arch/arm64/aarch64}
scripts/swift.sh swift build --quiet --package-path "$repository/tests/conformance/drivers/swift/driver" \
    --scratch-path "$(cd target && pwd -P)/conformance/swift" \
    -Xlinker -L"$library" -Xlinker -rpath -Xlinker "$library"
