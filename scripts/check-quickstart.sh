#!/usr/bin/env bash
# Runs the quickstart twice, on binaries that are built already: what it prints opens the endpoint, the second run
# changes nothing, and the process that it names can be ended. Nothing is written but below a directory of its own.
#
# usage: scripts/check-quickstart.sh BINARIES
#   BINARIES  the directory with orch-server and orch-admin
set -euo pipefail

[ $# -eq 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
binaries=$(realpath "$1")
source=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/quickstart.sh

work=$(mktemp -d)
pid=
stop() {
    [ -n "$pid" ] || return 0
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 300); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    echo "the process $pid does not end" >&2
    return 1
}
cleanup() {
    # Also one of which nothing was printed, wherever it has its data.
    [ -n "$pid" ] || pid=$(find "$work" -name quickstart.pid -exec cat {} + || true)
    stop || true
    rm -rf "$work"
}
trap cleanup EXIT

fail() {
    echo "$*" >&2
    exit 1
}

# A place of its own, as the script reads and writes the .env beside its directory; and no setting of this machine.
mkdir "$work/scripts" "$work/caller"
cp "$source" "$work/scripts/"
for name in $(compgen -e); do
    case $name in
        ORCH_* | INITIAL_ADMIN_* | MCP_* | LOG_* | SMTP_URL | AUTH_SECRET | JWT_SECRET | DATABASE_URL | HOST | PORT)
            unset "$name"
            ;;
    esac
done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

quickstart() { # NAME
    # A relative directory is from where the script is called.
    (cd "$work/caller" && "$work/scripts/quickstart.sh" --binaries "$binaries" --no-frontend --detach --json \
        --port "$port" --data-dir data) >"$work/$1.json" 2> >(tee "$work/$1.log" >&2) ||
        fail "the $1 run failed"
    # A document, and nothing else.
    python3 - "$work/$1.json" <<'PYTHON'
import json, sys
said = json.load(open(sys.argv[1]))
wanted = "base_url dashboard_url email password project unified_url api_key pid data_dir".split()
assert list(said) == wanted, list(said)
assert all(said.values()), [name for name, value in said.items() if not value]
PYTHON
    [ "$(told data_dir)" = "$work/caller/data" ] || fail "the data is in $(told data_dir)"
}
told() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/first.json" "$1"; }
# What there is, in the words of orch-admin.
state() {
    local what
    for what in 'user list' 'project list' 'server list --project demo' 'key list --project demo'; do
        # shellcheck disable=SC2086 # words
        (cd "$work" && "$binaries/orch-admin" $what --data-dir "$work/caller/data" --json) | python3 -c '
import json, sys
# Of keys it changes when they were used last.
print([{k: v for k, v in row.items() if not k.startswith("last_")} for row in json.load(sys.stdin)])'
    done
    cksum <"$work/.env"
}

quickstart first
pid=$(told pid)
kill -0 "$pid" || fail "there is no process $pid"
state >"$work/first.state"
answer=$(curl -sS --fail --noproxy '*' --max-time 60 -H "Authorization: Bearer $(told api_key)" \
    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/list' \
    --data '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}' \
    "$(told unified_url)")
case $answer in
    *everything__echo*) ;;
    *) fail "the endpoint offers no everything__echo: $answer" ;;
esac

quickstart second
cmp "$work/first.json" "$work/second.json" || fail 'the second run prints something else'
state >"$work/second.state"
diff "$work/first.state" "$work/second.state" || fail 'the second run has changed something'
! grep -E '^==> (building|installing|creating|adding|starting)' "$work/second.log" || fail 'the second run does it again'

stop || exit 1
echo 'the daemon has ended'
pid=
