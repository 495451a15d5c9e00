#!/usr/bin/env bash
# Starts daemons on data directories of their own and has schemathesis ask them for everything that their OpenAPI
# document describes, with right and wrong input: no answer may be a failure of ours, and none may be one that the
# document does not know. What takes away, ends or runs something has a daemon to itself. The same requests each time.
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
stop() {
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
    daemon=
}
cleanup() {
    stop
    rm -rf "$work"
}
trap cleanup EXIT

readonly password='correct horse battery staple'
status=0

send() { # METHOD PATH BODY
    curl -fsS -X "$1" "$base/api/v1$2" -H 'Content-Type: application/json' ${token:+-H "Authorization: Bearer $token"} -d "$3"
}
member() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
login() { send POST /auth/login "{\"email\":\"$1\",\"password\":\"$password\"}" | member access_token; }

# Starts a daemon on empty data and puts into it what operations are aimed at.
start() {
    home=$(mktemp -d -p "$work")
    # It is looked at below, perhaps before the daemon has written anything.
    : >"$home/log"
    (
        cd "$home"
        exec env -u DATABASE_URL ORCH_DATA_DIR="$home/data" LOG_FORMAT=json LOG_LEVEL=info \
            INITIAL_ADMIN_EMAIL=admin@example.com INITIAL_ADMIN_PASSWORD="$password" \
            "$server" serve --host 127.0.0.1 --port 0 >"$home/stdout" 2>"$home/log"
    ) &
    daemon=$!
    address=
    for _ in $(seq 300); do
        address=$(sed -n 's/.*"message":"listening".*"address":"\([^"]*\)".*/\1/p; s/.*"address":"\([^"]*\)".*"message":"listening".*/\1/p' "$home/log" | head -n 1)
        [ -z "$address" ] || break
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    [ -n "$address" ] || { echo 'the daemon did not start:' >&2; cat "$home/log" >&2; exit 1; }
    base=http://$address

    token=
    admin=$(login admin@example.com)
    token=$admin
    send POST /projects '{"name":"Demo","slug":"demo"}' >/dev/null
    # A server that ends at once: nothing that is made up here is ever run.
    send POST /projects/demo/import '{"mcpServers":{"echo":{"command":"true","disabled":true}}}' >/dev/null
    key=$(send POST /projects/demo/keys '{"name":"one"}' | member id)
    send POST /teams '{"name":"Core","slug":"core"}' >/dev/null
    send PUT /projects/demo/teams/core '{"role":"viewer"}' >/dev/null
    user=$(send POST /users "{\"email\":\"target@example.com\",\"password\":\"$password\"}" | member id)
    for place in /projects/demo /teams/core; do
        link=$(send POST "$place/invitations" '{"email":"target@example.com","role":"member"}' | member link)
        token=$(token='' login target@example.com)
        send POST /invitations/accept "{\"token\":\"${link#*#}\"}" >/dev/null
        token=$admin
    done
    invite() { send POST "$1/invitations" "$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)["invitation"]["id"])'; }
    of_instance=$(invite '' '{"email":"invited@example.com"}')
    of_project=$(invite /projects/demo '{"email":"invited@example.com","role":"viewer"}')
    of_team=$(invite /teams/core '{"email":"invited@example.com","role":"member"}')

    cat >"$home/schemathesis.toml" <<TOML
[parameters]
"path.project" = "demo"
"path.server" = "echo"
"path.key" = "$key"
"path.team" = "core"
"path.user" = "$user"

[[operations]]
include-operation-id = ["renew_invitation", "delete_invitation"]
parameters = { "path.invitation" = "$of_instance" }

[[operations]]
include-operation-id = ["renew_project_invitation", "delete_project_invitation"]
parameters = { "path.invitation" = "$of_project" }

[[operations]]
include-operation-id = ["renew_team_invitation", "delete_team_invitation"]
parameters = { "path.invitation" = "$of_team" }
TOML
}

# Asks a daemon of its own for all operations that the options leave.
check() { # NAME OPTIONS...
    echo "== $1"
    shift
    start
    (
        cd "$home"
        "$venv/bin/st" --config-file "$home/schemathesis.toml" run "$base/api/openapi.json" \
            --header "Authorization: Bearer $token" --max-examples "$examples" --generation-deterministic \
            --phases examples,coverage,fuzzing --workers 1 --no-color --warnings off \
            --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
            "$@"
    ) || status=1
    if grep -q 'panicked at' "$home/log"; then
        echo 'the daemon panicked:' >&2
        grep 'panicked at' "$home/log" >&2
        status=1
    fi
    stop
}

# Never end, and so are asked for nowhere here.
readonly endless=(watch_events stream_logs)
# Take away what others are aimed at.
readonly taking=(
    delete_key delete_member delete_project_team delete_invitation delete_project_invitation delete_team_invitation
    delete_team_member
)
# Make up servers, and change accounts.
readonly making=(create_server import_servers update_server update_user create_reset_link)
# Run the server of the project, which must be the one that was put there.
readonly running=(start_server stop_server restart_server)
# After each of these nothing is left for the others.
readonly ending=(delete_server delete_team delete_project put_instance_limits update_password delete_login)

without() { printf -- '--exclude-operation-id\n%s\n' "$@"; }
only() { printf -- '--include-operation-id\n%s\n' "$@"; }

mapfile -t options < <(without "${endless[@]}" "${taking[@]}" "${making[@]}" "${running[@]}" "${ending[@]}")
check 'all that leave things as they are' "${options[@]}"
for group in taking making running; do
    declare -n operations=$group
    mapfile -t options < <(only "${operations[@]}")
    check "$group" "${options[@]}"
done
for operation in "${ending[@]}"; do
    mapfile -t options < <(only "$operation")
    check "$operation" "${options[@]}"
done
exit "$status"
