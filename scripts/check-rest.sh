#!/usr/bin/env bash
# Starts the daemon on a data directory of its own and has schemathesis ask it for everything that its OpenAPI document
# describes, with right and wrong input: no answer may be a failure of ours, and none may be one that the document does
# not know. The same requests each time.
#
# usage: scripts/check-rest.sh ORCH_SERVER VENV [EXAMPLES]
#   ORCH_SERVER  the daemon's binary
#   VENV         where schemathesis is installed, or is to be
#   EXAMPLES     requests for each operation and phase; 15 unless said
set -euo pipefail

readonly SCHEMATHESIS=4.32.5

[ $# -ge 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
server=$(realpath "$1")
mkdir -p "$2"
venv=$(realpath "$2")
examples=${3:-15}

if [ "$("$venv/bin/pip" show schemathesis 2>/dev/null | sed -n 's/^Version: //p')" != "$SCHEMATHESIS" ]; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS" </dev/null
fi

work=$(mktemp -d)
daemon=
cleanup() {
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

password='correct horse battery staple'
(
    cd "$work"
    exec env -u DATABASE_URL ORCH_DATA_DIR="$work/data" LOG_FORMAT=json LOG_LEVEL=info \
        INITIAL_ADMIN_EMAIL=admin@example.com INITIAL_ADMIN_PASSWORD="$password" \
        "$server" serve --host 127.0.0.1 --port 0 >"$work/stdout" 2>"$work/log"
) &
daemon=$!

address=
for _ in $(seq 300); do
    address=$(sed -n 's/.*"message":"listening".*"address":"\([^"]*\)".*/\1/p; s/.*"address":"\([^"]*\)".*"message":"listening".*/\1/p' "$work/log" | head -n 1)
    [ -z "$address" ] || break
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.1
done
[ -n "$address" ] || { echo 'the daemon did not start:' >&2; cat "$work/log" >&2; exit 1; }
base=http://$address

post() { # PATH BODY
    curl -fsS -X POST "$base/api/v1$1" -H 'Content-Type: application/json' ${token:+-H "Authorization: Bearer $token"} -d "$2"
}
read_json() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

token=
token=$(post /auth/login "{\"email\":\"admin@example.com\",\"password\":\"$password\"}" | read_json access_token)
post /projects '{"name":"Demo","slug":"demo"}' >/dev/null
# A server that ends at once: nothing that is made up here is ever run.
post /projects/demo/import '{"mcpServers":{"echo":{"command":"true","disabled":true}}}' >/dev/null
key=$(post /projects/demo/keys '{"name":"one"}' | read_json id)

cat >"$work/schemathesis.toml" <<TOML
[parameters]
"path.project" = "demo"
"path.server" = "echo"
"path.key" = "$key"
TOML

# What would end the login, switch the only admin off, take the project away, start what was made up, limit the rest of
# the requests, or never ends.
excluded=(
    delete_login update_password update_user create_reset_link delete_project delete_server start_server
    restart_server stop_server update_server import_servers create_server put_instance_limits watch_events stream_logs
)
options=()
for operation in "${excluded[@]}"; do
    options+=(--exclude-operation-id "$operation")
done

cd "$work"
status=0
"$venv/bin/st" --config-file "$work/schemathesis.toml" run "$base/api/openapi.json" \
    --header "Authorization: Bearer $token" --max-examples "$examples" --generation-deterministic \
    --phases examples,coverage,fuzzing --workers 1 --no-color --warnings off \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    "${options[@]}" || status=$?
if grep -q 'panicked at' "$work/log"; then
    echo 'the daemon panicked:' >&2
    grep 'panicked at' "$work/log" >&2
    status=1
fi
exit "$status"
