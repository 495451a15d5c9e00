#!/bin/sh
# Runs a command with a throw-away PostgreSQL cluster, whose URL is in ORCH_TEST_POSTGRES_URL:
#   scripts/with-postgres.sh cargo nextest run -p orch-persistence
# The cluster listens on a free loopback port and on a socket in its own temporary directory, keeps nothing safe
# (fsync off), and is gone afterwards. Works as root, too: the server then runs as another user. Ends with the command's
# exit status.
set -eu

if [ "$#" -eq 0 ]; then
    echo "usage: $0 COMMAND [ARGUMENT...]" >&2
    exit 2
fi

# The newest installed version; Debian does not put the server into the PATH.
bin=
for dir in $(find /usr/lib/postgresql /usr/pgsql-* /opt/homebrew/opt/postgresql* /usr/local/opt/postgresql* \
    -maxdepth 2 -type d -name bin 2>/dev/null | sort -V); do
    if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
        bin=$dir
    fi
done
if [ -z "$bin" ]; then
    initdb=$(command -v initdb || true)
    if [ -z "$initdb" ]; then
        echo "$0: no PostgreSQL server found; on Debian: apt-get install postgresql" >&2
        exit 127
    fi
    bin=$(dirname "$initdb")
fi

# PostgreSQL refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    # In place of this shell, so that signals reach the server itself.
    exec_as_user() { exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"; }
else
    user=$(id -un)
    exec_as_user() { exec "$@"; }
fi

root=$(mktemp -d "${TMPDIR:-/tmp}/orch-pg.XXXXXX")
chmod 700 "$root"
chown "$user" "$root"
server=
command=

# shellcheck disable=SC2317 # called by the trap
cleanup() {
    trap - EXIT
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
        # Immediate: there is nothing to keep.
        kill -QUIT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$root"
}
trap cleanup EXIT
# A signal goes on to the command, whose end then ends us.
for signal in HUP INT TERM; do
    # shellcheck disable=SC2064 # the name is meant to be filled in now
    trap "if [ -n \"\$command\" ]; then kill -$signal \"\$command\" 2>/dev/null || true; else exit 1; fi" "$signal"
done

cd "$root"
(exec_as_user "$bin/initdb" --pgdata="$root/data" --auth=trust --username=orch --encoding=UTF8 --locale=C --no-sync) \
    </dev/null >"$root/initdb.log" 2>&1 || { cat "$root/initdb.log" >&2; exit 1; }

start() {
    exec_as_user "$bin/postgres" -D "$root/data" -k "$root" -h 127.0.0.1 -p "$1" \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 \
        -c shared_buffers=64MB -c autovacuum=off -c log_statement=none >"$root/server.log" 2>&1 &
    server=$!
    while kill -0 "$server" 2>/dev/null; do
        if "$bin/pg_isready" -q -h "$root" -p "$1" -U orch </dev/null; then
            return 0
        fi
        sleep 0.1
    done
    wait "$server" 2>/dev/null || true
    server=
    return 1
}

# Somebody else may take a port between the choice and the start, so try a few.
port=
tries=0
while [ -z "$port" ]; do
    candidate=$(($(od -An -N2 -tu2 /dev/urandom) % 20000 + 20000))
    if start "$candidate"; then
        port=$candidate
    else
        tries=$((tries + 1))
        if [ "$tries" -ge 10 ]; then
            cat "$root/server.log" >&2
            exit 1
        fi
    fi
done

cd "$OLDPWD"
ORCH_TEST_POSTGRES_URL="postgresql://orch@127.0.0.1:$port/postgres"
export ORCH_TEST_POSTGRES_URL
# What runs in the background has no standard input, unless it is given it by another number.
exec 3<&0
status=0
"$@" <&3 3<&- &
command=$!
exec 3<&-
wait "$command" || status=$?
# A trapped signal ends the wait before it ends the command.
while kill -0 "$command" 2>/dev/null; do
    status=0
    wait "$command" || status=$?
done
exit "$status"
