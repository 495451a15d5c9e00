#!/bin/sh
# Prints what the names of functions depend on: the toolchain, the libraries and the settings. A profile fits a build that
# has the same.
set -eu
cd "$(dirname "$0")/.."
LC_ALL=C
export LC_ALL

rustc -vV | sed -n 's/^release: /rustc /p; s/^host: //p'
printf 'Cargo.lock and Cargo.toml '
cat Cargo.lock Cargo.toml crates/*/Cargo.toml bins/*/Cargo.toml migrations/Cargo.toml | cksum
