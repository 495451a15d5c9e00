#!/usr/bin/env bash
# From a machine with nothing but a shell to a running daemon with its dashboard, an admin, a demo project, a real MCP server, an API
# key and one real tool call. Running it again is harmless and quick: it keeps everything and reuses the daemon.
set -euo pipefail

readonly SERVER_PACKAGE=@modelcontextprotocol/server-everything
readonly SERVER_VERSION=2026.8.31
readonly LEAST_NODE=18
readonly LEAST_NODE_FRONTEND=20
readonly DEFAULT_PORT=8000
readonly PROJECT=demo
readonly READY_SECONDS=60

here=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Everything goes to standard error but the final answer, which goes to descriptor 3.
exec 3>&1 1>&2

usage() {
    cat >&3 <<EOF
usage: scripts/quickstart.sh [options]

  --port PORT      listen on this port (default: the one of the last time, else PORT, else $DEFAULT_PORT or the next
                   free one)
  --data-dir DIR   keep everything there (default: ORCH_DATA_DIR, else data, beside the directory of this script)
  --detach         return when the daemon is ready; without it the log is shown until Ctrl-C
  --json           print one JSON object on standard output and nothing else
  --no-frontend    build no dashboard; the one that was built before, if any, stays in use
  --binaries DIR   build nothing: run the orch-server and orch-admin of this directory; nothing else of this repository
                   is needed then, and .env is written beside the directory of this script
  --help           show this
EOF
}

say() { printf '==> %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*"
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# A setting of the environment or of the file .env.
setting() {
    local value=${!1:-}
    if [ -z "$value" ] && [ -f .env ]; then
        value=$(sed -n "s/^[[:space:]]*$1=//p" .env | tail -n 1 | tr -d "\"'")
    fi
    printf '%s' "$value"
}

# ---------------------------------------------------------------------------------------------------------------------
# Arguments

port='' data_dir='' binaries='' detach=no json=no frontend=yes
while [ $# -gt 0 ]; do
    case $1 in
        --port | --data-dir | --binaries)
            [ $# -ge 2 ] || die "$1 needs a value"
            case $1 in
                --port) port=$2 ;;
                --data-dir) data_dir=$2 ;;
                --binaries) binaries=$2 ;;
            esac
            shift 2
            ;;
        --port=*) port=${1#*=} && shift ;;
        --data-dir=*) data_dir=${1#*=} && shift ;;
        --binaries=*) binaries=${1#*=} && shift ;;
        --detach) detach=yes && shift ;;
        --json) json=yes && shift ;;
        --no-frontend) frontend=no && shift ;;
        -h | --help) usage && exit 0 ;;
        *)
            usage 3>&2
            exit 2
            ;;
    esac
done
case $port in
    *[!0-9]*) die "--port $port is no port" ;;
esac
if [ -n "$binaries" ]; then
    binaries=$(cd "$here" && cd "$binaries" && pwd) || die "--binaries: there is no such directory"
    for name in orch-server orch-admin; do
        [ -x "$binaries/$name" ] || die "--binaries: there is no program $name in $binaries"
    done
fi

# What is given is from where the script was called; a setting, as everything in .env, is from the root.
case $data_dir in
    '') data_dir=$(setting ORCH_DATA_DIR) ;;
    /*) ;;
    *) data_dir=$here/$data_dir ;;
esac
data_dir=${data_dir:-data}
(umask 077 && mkdir -p "$data_dir")
data_dir=$(cd "$data_dir" && pwd)
state_file=$data_dir/quickstart.json
pid_file=$data_dir/quickstart.pid
log_file=$data_dir/daemon.log

# ---------------------------------------------------------------------------------------------------------------------
# Tools

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        return 1
    fi
}

install_packages() {
    have apt-get || die "missing: $*. Install them with the package manager of this system, then run this again."
    say "installing Debian packages: $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq ||
        die "missing: $*. Run this as root or with sudo, or install them, then run this again."
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

node_is_new_enough() {
    have node && have npm && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge "$LEAST_NODE" ]
}

install_tools() {
    local missing=()
    have curl || missing+=(curl ca-certificates)
    if [ -z "$binaries" ]; then
        have cc || missing+=(gcc libc6-dev)
        # The allocator is built by it.
        have make || missing+=(make)
    fi
    have node && have npm || missing+=(nodejs npm)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
    node_is_new_enough ||
        die "Node.js $(node --version) is too old for npm's MCP servers: install version $LEAST_NODE or newer"
}

# The toolchain that rust-toolchain.toml names, by rustup, unless a cargo of that version is there already.
install_rust() {
    local wanted
    wanted=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
    have cargo || PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    if have cargo && [ "$(cargo --version 2>/dev/null | cut -d ' ' -f 2)" = "$wanted" ]; then
        return
    fi
    if ! have rustup; then
        say "installing Rust $wanted with rustup, into ${CARGO_HOME:-$HOME/.cargo}"
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
            sh -s -- -y --quiet --no-modify-path --profile minimal --default-toolchain "$wanted"
        PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    else
        say "installing Rust $wanted with rustup"
        rustup toolchain install --profile minimal "$wanted"
    fi
}

# ---------------------------------------------------------------------------------------------------------------------
# Build and configuration

# The dashboard, unless nothing in it has changed since it was built. Without it the daemon runs all the same.
build_frontend() {
    if [ "$frontend" = no ]; then
        return
    fi
    if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt "$LEAST_NODE_FRONTEND" ]; then
        say "leaving out the dashboard: it takes Node.js $LEAST_NODE_FRONTEND or newer, and this is $(node --version)"
        return
    fi
    local stamp
    stamp=$(find frontend -type f -not -path 'frontend/node_modules/*' -not -path 'frontend/.next/*' \
        -not -path 'frontend/out/*' -not -path 'frontend/screenshots/*' -not -path 'frontend/test-results/*' \
        -not -name next-env.d.ts -not -name '*.tsbuildinfo' -print0 | LC_ALL=C sort -z | xargs -0 cat | cksum)
    if [ "$(cat frontend/.next/built 2>/dev/null)" = "$stamp" ] && [ -s frontend/out/csp.json ]; then
        return
    fi
    say "building the dashboard"
    npm ci --prefix frontend --no-audit --no-fund --loglevel=error </dev/null
    npm run --prefix frontend --silent build </dev/null
    printf '%s' "$stamp" >frontend/.next/built
}

build() {
    say "building (the first time takes some minutes)"
    scripts/build-release.sh
    local target
    target=$(cargo metadata --format-version 1 --no-deps --locked | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
    server_bin=$target/release/orch-server
    admin_bin=$target/release/orch-admin
}

random_secret() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }

# Secrets that a daemon has generated into this data directory stay in force: what is stored opens with nothing else.
kept_or_random() {
    if [ -s "$data_dir/secrets/$1" ]; then
        tr -d '\n' <"$data_dir/secrets/$1"
    else
        random_secret
    fi
}

write_env() {
    if [ -e .env ]; then
        return
    fi
    say "creating .env with generated secrets"
    # Appears whole or not at all.
    cat >.env.draft.$$ <<EOF
# Settings of the daemon and of orch-admin; .env.example explains all of them.
JWT_SECRET=$(kept_or_random jwt_secret)
MCP_ENCRYPTION_KEY=$(kept_or_random encryption_key)
EOF
    mv -n ".env.draft.$$" .env
    rm -f ".env.draft.$$"
}

admin() { "$admin_bin" --data-dir "$data_dir" "$@"; }

# Evaluates JavaScript with the JSON of standard input as `d`.
query() { node -e "const d = JSON.parse(require('fs').readFileSync(0, 'utf8') || 'null'); $1"; }

# One member of what the last run has kept; empty when there is none.
kept() {
    if [ -s "$state_file" ]; then
        query "process.stdout.write(String(d['$1'] ?? ''))" <"$state_file"
    fi
}

# Keeps what cannot be found out again: the password and the key.
keep() {
    KEEP_PORT=$port KEEP_EMAIL=$email KEEP_PASSWORD=$password KEEP_KEY=$api_key node -e '
        const e = process.env;
        const kept = { port: Number(e.KEEP_PORT), email: e.KEEP_EMAIL, password: e.KEEP_PASSWORD || null,
            project: process.argv[1], api_key: e.KEEP_KEY || null };
        console.log(JSON.stringify(kept, null, 2));' "$PROJECT" >"$state_file.draft"
    mv "$state_file.draft" "$state_file"
}

install_mcp_server() {
    local tools=$data_dir/tools
    server_script=$tools/node_modules/$SERVER_PACKAGE/dist/index.js
    local manifest=$tools/node_modules/$SERVER_PACKAGE/package.json
    if [ -f "$manifest" ] && [ "$(query 'process.stdout.write(d.version)' <"$manifest")" = "$SERVER_VERSION" ]; then
        return
    fi
    say "installing the MCP server $SERVER_PACKAGE $SERVER_VERSION into $tools"
    mkdir -p "$tools"
    npm install --prefix "$tools" --no-audit --no-fund --no-update-notifier --loglevel=error --ignore-scripts \
        "$SERVER_PACKAGE@$SERVER_VERSION"
}

# ---------------------------------------------------------------------------------------------------------------------
# Daemon

port_is_taken() { (exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

is_ready() { curl -fs -o /dev/null --max-time 5 "http://127.0.0.1:$1/health/ready"; }

# The process id of a daemon of ours that is running; empty when there is none.
running_pid() {
    local pid
    pid=$(cat "$pid_file" 2>/dev/null || true)
    if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && command_line "$pid" | grep -q 'orch-server serve'; then
        printf '%s' "$pid"
    fi
}

command_line() {
    if [ -r "/proc/$1/cmdline" ]; then tr '\0' ' ' <"/proc/$1/cmdline"; else ps -p "$1" -o args=; fi
}

choose_port() {
    if [ -n "$port" ]; then
        if port_is_taken "$port"; then die "port $port is taken by another program: choose another with --port"; fi
        return
    fi
    port=$(kept port)
    port=${port:-$(setting PORT)}
    port=${port:-$DEFAULT_PORT}
    local wanted=$port
    while port_is_taken "$port"; do
        port=$((port + 1))
        [ "$port" -lt $((wanted + 100)) ] || die "no free port from $wanted on: choose one with --port"
    done
    if [ "$port" != "$wanted" ]; then say "port $wanted is taken by another program, using $port"; fi
}

# Whom to log in as. The password is kept before the account exists, so that it is never lost.
choose_admin() {
    email=$(kept email)
    password=$(kept password)
    if [ -n "$email" ]; then
        return
    fi
    email=$(admin user list --json | query 'process.stdout.write(d.find(u => u.instance_admin && u.active)?.email ?? "")')
    if [ -n "$email" ]; then
        say "the admin $email is there already; orch-admin user reset-password $email gives another password"
        return
    fi
    email=$(setting INITIAL_ADMIN_EMAIL)
    email=${email:-admin@example.com}
    password=$(setting INITIAL_ADMIN_PASSWORD)
    password=${password:-$(random_secret | tr -dc 'a-zA-Z0-9' | head -c 24)}
}

start_daemon() {
    say "starting the daemon on port $port"
    local launcher=(nohup)
    # A session of its own, so that a closed terminal or Ctrl-C does not reach it.
    if have setsid; then launcher=(setsid); fi
    touch "$log_file"
    log_start=$(wc -l <"$log_file")
    INITIAL_ADMIN_EMAIL=$email INITIAL_ADMIN_PASSWORD=$password \
        "${launcher[@]}" "$server_bin" serve --port "$port" --data-dir "$data_dir" \
        </dev/null >>"$log_file" 2>&1 3>&- &
    pid=$!
    printf '%s\n' "$pid" >"$pid_file"
    local waited=0
    until is_ready "$port"; do
        if ! kill -0 "$pid" 2>/dev/null || [ "$waited" -ge $((READY_SECONDS * 5)) ]; then
            tail -n "+$((log_start + 1))" "$log_file"
            die "the daemon did not become ready; its log is $log_file"
        fi
        sleep 0.2
        waited=$((waited + 1))
    done
}

stop_daemon() {
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    rm -f "$pid_file"
}

# ---------------------------------------------------------------------------------------------------------------------
# Demo project

make_project() {
    if [ "$(admin project list --json | query "process.stdout.write(String(d.some(p => p.slug === '$PROJECT')))")" = true ]; then
        return
    fi
    say "creating the project $PROJECT"
    admin project create Demo --slug "$PROJECT"
}

make_server() {
    local there="process.stdout.write(String(d.some(s => s.alias === 'everything')))"
    if [ "$(admin server list --project "$PROJECT" --json | query "$there")" = true ]; then
        return
    fi
    say "adding the MCP server everything"
    node -e 'const [command, script] = process.argv.slice(1);
        const everything = { command, args: [script, "stdio"] };
        console.log(JSON.stringify({ mcpServers: { everything } }));' "$(command -v node)" "$server_script" |
        admin server import --project "$PROJECT" -
}

# Sends one message to the unified endpoint. Headers go to $headers, the body to standard output; fails on an HTTP
# error.
headers=$data_dir/quickstart.headers
post() {
    local session=()
    [ -z "${session_id:-}" ] || session=(-H "MCP-Session-Id: $session_id" -H 'MCP-Protocol-Version: 2025-11-25')
    # The key goes in by a file descriptor, so that no list of processes shows it.
    curl -sS --fail --max-time 60 -D "$headers" -H @<(printf 'Authorization: Bearer %s\n' "$api_key") \
        -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' "${session[@]}" \
        --data "$1" "http://127.0.0.1:$port/projects/$PROJECT/unified/mcp"
}

open_session() {
    session_id=''
    post '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"quickstart","version":"1"}}}' >/dev/null &&
        session_id=$(sed -n 's/^[Mm][Cc][Pp]-[Ss]ession-[Ii]d: *//p' "$headers" | tr -d '\r\n') &&
        post '{"jsonrpc":"2.0","method":"notifications/initialized"}' >/dev/null
}

make_key() {
    api_key=$(kept api_key)
    if [ -n "$api_key" ] && open_session 2>/dev/null; then
        return
    fi
    say "creating an API key"
    api_key=$(admin key create --project "$PROJECT" quickstart --json | query 'process.stdout.write(d.key)')
    keep
    # A running daemon learns of the key within moments.
    local tries=0
    until open_session 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 50 ] || die "the daemon does not take the new key; its log is $log_file"
        sleep 0.1
    done
}

# One real call, as any MCP client does it.
call_tool() {
    say "calling the tool everything__echo through the unified endpoint"
    local answer
    answer=$(post '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"everything__echo","arguments":{"message":"hello from the quickstart"}}}')
    # The answer is JSON, or an event stream whose last event is the answer.
    case $answer in
        '{'*) ;;
        *) answer=$(printf '%s\n' "$answer" | sed -n 's/^data: *//p' | grep '"id":2' | tail -n 1) ;;
    esac
    printf '%s' "$answer" | query '
        if (!d || d.error || d.result.isError) { console.error(JSON.stringify(d)); process.exit(1); }
        console.error("    " + d.result.content.map(c => c.text).join("\n    "));' || die "the call failed"
    curl -s -o /dev/null --max-time 10 -X DELETE -H @<(printf 'Authorization: Bearer %s\n' "$api_key") \
        -H "MCP-Session-Id: $session_id" "http://127.0.0.1:$port/projects/$PROJECT/unified/mcp" || true
    rm -f "$headers"
}

# ---------------------------------------------------------------------------------------------------------------------

show() {
    local base
    base=$(setting MCP_SERVER_BASE_URL)
    base=${base:-http://localhost:$port}
    base=${base%/}
    local unified=$base/projects/$PROJECT/unified/mcp
    if [ "$json" = yes ]; then
        SHOW_PASSWORD=$password SHOW_KEY=$api_key node -e '
            const [base_url, email, project, unified_url, pid, data_dir] = process.argv.slice(1);
            const { SHOW_PASSWORD, SHOW_KEY } = process.env;
            console.log(JSON.stringify({ base_url, dashboard_url: base_url + "/", email,
                password: SHOW_PASSWORD || null, project, unified_url, api_key: SHOW_KEY, pid: Number(pid), data_dir }));
        ' "$base" "$email" "$PROJECT" "$unified" "$pid" "$data_dir" >&3
        return
    fi
    cat >&3 <<EOF

MCP Orchestrator is running (process $pid, data in $data_dir).

  Dashboard     $base/
  REST          $base/docs
  Login         $email
  Password      ${password:-(known to you; orch-admin user reset-password $email gives another)}
  Project       $PROJECT
  MCP endpoint  $unified
  API key       $api_key

Claude Code:

  claude mcp add --transport http $PROJECT $unified --header "Authorization: Bearer $api_key"

Other clients, in their mcp-config.json:

  {
    "mcpServers": {
      "$PROJECT": {
        "type": "http",
        "url": "$unified",
        "headers": { "Authorization": "Bearer $api_key" }
      }
    }
  }

EOF
    if [ "$detach" = yes ]; then
        printf 'Stop it with: kill %s\n' "$pid" >&3
    fi
}

install_tools
if [ -n "$binaries" ]; then
    server_bin=$binaries/orch-server
    admin_bin=$binaries/orch-admin
else
    install_rust
    build_frontend
    build
fi
# What follows is nobody else's business.
umask 077
write_env
admin migrate up
install_mcp_server

pid=$(running_pid)
started=no
wanted_port=$port
if [ -n "$pid" ]; then
    port=$(kept port)
    [ -z "$wanted_port" ] || [ "$wanted_port" = "$port" ] ||
        die "the daemon of $data_dir runs on port $port already (process $pid): stop it first, or leave out --port"
    is_ready "$port" || die "the daemon (process $pid) runs and does not answer on port $port; its log is $log_file"
    say "the daemon is running already (process $pid, port $port)"
    choose_admin
else
    choose_port
    choose_admin
    api_key=$(kept api_key)
    keep
    start_daemon
    started=yes
    # Until everything is set up, a failure leaves nothing running.
    trap 'stop_daemon' EXIT
fi
make_project
make_server
make_key
keep
call_tool
show

if [ "$detach" = yes ]; then
    trap - EXIT
    exit 0
fi
if [ "$started" = yes ]; then
    say "showing the log; Ctrl-C stops the daemon"
    from=+$((log_start + 1))
else
    say "showing the log; Ctrl-C leaves the daemon running"
    from=20
fi
trap 'exit 0' INT TERM
tail -n "$from" -F "$log_file" &
tail_pid=$!
if [ "$started" = yes ]; then
    trap 'kill "$tail_pid" 2>/dev/null || true; stop_daemon' EXIT
    # Ends when the daemon does, also on its own.
    wait "$pid" || die "the daemon has ended"
else
    trap 'kill "$tail_pid" 2>/dev/null || true' EXIT
    wait "$tail_pid"
fi
