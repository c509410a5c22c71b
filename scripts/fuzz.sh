#!/usr/bin/env bash
# Runs the fuzz targets, one after the other: scripts/fuzz.sh [SECONDS [TARGET ...]]
# A stable compiler and a C++ compiler are all it takes; see fuzz/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v c++ >/dev/null; then
    echo "missing: a C++ compiler, which libFuzzer is built with (on Debian as root: apt-get install g++)" >&2
    exit 1
fi

seconds=${1:-30}
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for file in fuzz/targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

# What the fuzzer needs to see where an input leads: counters at every edge, and what is compared with what.
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
host=$(rustc -vV | sed -n 's/^host: //p')
# With --target the flags are for the targets only, not for build scripts.
RUSTFLAGS="$flags" cargo build --quiet -j2 --release --manifest-path fuzz/Cargo.toml \
    --target "$host" --target-dir target/fuzz

if command -v "${PYTHON:-python3}" >/dev/null; then
    "${PYTHON:-python3}" scripts/fuzz_seeds.py
else
    echo "no Python: the fuzzer begins without the texts of tests/vectors and takes longer to find its way" >&2
fi
failed=()
for target in "${targets[@]}"; do
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target" "tests/fuzz/$target"
    log="fuzz/artifacts/$target.log"
    echo "$target: $seconds s"
    # Texts of more than a few kilobytes show nothing that shorter ones do not.
    if ! "target/fuzz/$host/release/$target" "fuzz/corpus/$target" "tests/fuzz/$target" \
        -artifact_prefix="fuzz/artifacts/$target/" -dict=fuzz/words.dict -max_total_time="$seconds" \
        -max_len=2048 -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1; then
        grep -aE "panicked at|SUMMARY|Test unit written" -A1 "$log" || tail -5 "$log"
        failed+=("$target")
    fi
    grep -aE "number_of_executed_units|new_units_added" "$log" || true
    rmdir "tests/fuzz/$target" 2>/dev/null || true
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}; the inputs are in fuzz/artifacts, see fuzz/README.md" >&2
    exit 1
fi
