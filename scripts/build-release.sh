#!/bin/sh
# Builds orch-server and orch-admin for release, optimised with the profile of how they run (docs/adr/0042). Further
# options go to cargo: scripts/build-release.sh --offline
set -eu
cd "$(dirname "$0")/.."

if ! scripts/profile-terms.sh | cmp -s - profile/release.terms; then
    echo "profile/release.profdata is of another toolchain, or of other libraries or settings: much is optimised without \
it until scripts/profile.sh makes it anew" >&2
fi

# Functions that have changed since the profile was made are optimised without it; no need to name each. No package
# more: what is built together decides on the features of libraries, and with them on the names of functions that the
# profile knows.
exec scripts/with-rustflags.sh "-Cprofile-use=$PWD/profile/release.profdata" -Cllvm-args=-no-pgo-warn-mismatch -- \
    cargo build --release --locked -p orch-server -p orch-admin "$@"
