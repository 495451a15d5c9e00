#!/bin/sh
# Runs every fuzz target for so many seconds, from its corpus. What is found is left in fuzz/artifacts, and fails the run.
set -eu

seconds="${1:-30}"
cd "$(dirname "$0")/../fuzz"

if ! cargo +nightly fuzz --version > /dev/null 2>&1; then
    echo "fuzz: a nightly toolchain and cargo-fuzz are needed:" >&2
    echo "  rustup toolchain install nightly && cargo install --locked cargo-fuzz" >&2
    exit 1
fi

# What is found on the way stays out of the repository; the corpus is what is known to be worth starting from.
found="$(mktemp -d)"
trap 'rm -rf "$found"' EXIT
for target in $(cargo +nightly fuzz list); do
    echo "fuzz: $target for $seconds s"
    mkdir -p "$found/$target"
    cargo +nightly fuzz run "$target" "$found/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -max_len=65536 -timeout=10 -print_final_stats=1
done
