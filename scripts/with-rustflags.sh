#!/bin/sh
# Runs a command with further flags for rustc, each an argument, so that a folder's name may have spaces in it:
#   scripts/with-rustflags.sh -Cprofile-use="$PWD/file" -- cargo build
set -eu

separator=$(printf '\037')
flags=${CARGO_ENCODED_RUSTFLAGS-$(printf '%s' "${RUSTFLAGS-}" | sed 's,^ *,,; s, *$,,' | tr -s ' ' "$separator")}
while [ "$1" != -- ]; do
    flags=$flags${flags:+$separator}$1
    shift
done
shift
CARGO_ENCODED_RUSTFLAGS=$flags
export CARGO_ENCODED_RUSTFLAGS
exec "$@"
