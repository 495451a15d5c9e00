#!/bin/sh
# Makes profile/release.profdata anew: builds the daemon with counters, has orch-bench call through it, and keeps what
# was counted. Takes some twenty minutes on two cores.
set -eu
cd "$(dirname "$0")/.."

mkdir -p "${CARGO_TARGET_DIR:-target}"
# The daemon writes there from its own folder.
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
counted=$target/profile/counted

# That of the toolchain (`rustup component add llvm-tools`), or another one that reads what the toolchain writes.
find_profdata() {
    if [ -n "${LLVM_PROFDATA-}" ]; then
        echo "$LLVM_PROFDATA"
        return
    fi
    for found in "$(rustc --print sysroot)"/lib/rustlib/*/bin/llvm-profdata; do
        if [ -x "$found" ]; then
            echo "$found"
            return
        fi
    done
    echo "no llvm-profdata: run 'rustup component add llvm-tools', or name one in LLVM_PROFDATA" >&2
    return 1
}

profdata=$(find_profdata)
cargo build --release --locked -p orch-bench
# The same packages, and nothing but the counters apart, as in scripts/build-release.sh: names of functions are to be
# the same.
CARGO_TARGET_DIR=$target/profile scripts/with-rustflags.sh "-Cprofile-generate=$counted" -- \
    cargo build --release --locked -p orch-server -p orch-admin
# Build scripts and macros have counted, too.
rm -rf "$counted"
"$target/release/orch-bench" run --server "$target/profile/release/orch-server" --seconds 6 --rounds 3 \
    --rows daemon-http,daemon-stdio,daemon-modern,daemon-sse
"$profdata" merge --sparse --output profile/release.profdata "$counted"/*.profraw
scripts/profile-terms.sh > profile/release.terms
ls -l profile/release.profdata
