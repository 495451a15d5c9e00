#!/bin/sh
# Runs every fuzz target for so many seconds, from the corpus that the tests of its crate start from, too. What is found
# is left in fuzz/artifacts, and fails the run.
set -eu

seconds="${1:-30}"
cd "$(dirname "$0")/../fuzz"

if ! cargo +nightly fuzz --version > /dev/null 2>&1; then
    echo "fuzz: a nightly toolchain and cargo-fuzz are needed:" >&2
    echo "  rustup toolchain install nightly && cargo install --locked cargo-fuzz" >&2
    exit 1
fi

corpus() {
    case $1 in
        envelope | values) echo mcp/tests/corpus/envelope ;;
        events) echo mcp/tests/corpus/events ;;
        headers) echo mcp/tests/corpus/header ;;
        objects) echo mcp/tests/corpus/object ;;
        lines) echo upstream/tests/corpus/lines ;;
        requests | responses) echo "http1/tests/corpus/$1" ;;
        seals) echo auth/tests/corpus/state ;;
        *)
            echo "fuzz: nothing is known to start $1 from: name its corpus in $0" >&2
            return 1
            ;;
    esac
}

# What is found on the way stays out of the repository; the corpus is what is known to be worth starting from.
found="$(mktemp -d)"
trap 'rm -rf "$found"' EXIT
for target in $(cargo +nightly fuzz list); do
    seeds="../crates/$(corpus "$target")"
    [ -d "$seeds" ] || { echo "fuzz: $seeds is not there" >&2; exit 1; }
    echo "fuzz: $target for $seconds s"
    mkdir -p "$found/$target"
    cargo +nightly fuzz run "$target" "$found/$target" "$seeds" -- \
        -max_total_time="$seconds" -max_len=65536 -timeout=10 -print_final_stats=1
done
