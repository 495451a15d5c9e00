#!/usr/bin/env bash
# Runs the official conformance suite through the daemon, in front of servers of both eras over every transport.
# Installs the suite, and a Node.js that is new enough for it where the system's is not. Arguments go to
# crates/testkit/conformance/run.mjs, such as --only 2026-07-28/modern-http or --scenario tools-list.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
mkdir -p "${CARGO_TARGET_DIR:-target}"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
readonly source=$root/crates/testkit/conformance into=$target/conformance

stamp=$(cksum <"$source/package-lock.json")
if [ "$(cat "$into/.installed" 2>/dev/null)" != "$stamp" ]; then
    mkdir -p "$into"
    cp "$source/package.json" "$source/package-lock.json" "$source/.npmrc" "$into/"
    npm ci --prefix "$into" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
    printf '%s' "$stamp" >"$into/.installed"
fi

node=node
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 22 ]; then
    for node in "$into"/node_modules/node-linux-*/bin/node; do :; done
    [ -x "$node" ] || {
        echo 'the suite needs Node.js 22 or later, and there is none for this machine in its packages' >&2
        exit 2
    }
fi

[ -x "$target/debug/orch-server" ] || cargo build --locked -p orch-server
exec "$node" "$source/run.mjs" --daemon "$target/debug/orch-server" --suite "$into" "$@"
