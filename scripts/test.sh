#!/usr/bin/env bash
# Installs what the tests need, then runs every check: formatting, lints, all Rust tests (on SQLite and a throw-away
# PostgreSQL, with real MCP servers), doc tests, documentation, generated files, scripts, and the dashboard (also in a browser, against the real daemon). All steps run, whatever
# fails; the exit code is 0 only when nothing did. --quick leaves out what is slow.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

readonly SERVERS_SOURCE=$root/bins/orch-server/tests/servers
mkdir -p "${CARGO_TARGET_DIR:-target}"
TARGET=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
readonly TARGET

quick=no
for argument in "$@"; do
    case $argument in
        --quick) quick=yes ;;
        -h | --help)
            echo 'usage: scripts/test.sh [--quick]'
            echo '  --quick  leave out the end-to-end tests, the quickstart, conformance, the dashboard in a browser, fuzz targets,'
            echo '           doc tests and the documentation'
            exit 0
            ;;
        *)
            echo "unknown argument: $argument" >&2
            exit 2
            ;;
    esac
done

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
if [ -n "${CI:-}" ]; then
    # Nothing is built twice there, so what makes the second time quick only costs time and space.
    export CARGO_INCREMENTAL=0
fi

# What each step printed; what a failed one said last is said again at the end, where it is looked for.
readonly LOGS=$TARGET/test-logs
readonly LINES_OF_A_FAILURE=60
rm -rf "$LOGS"
mkdir -p "$LOGS"

summary=()
failures=()
failed=0

have() { command -v "$1" >/dev/null 2>&1; }

# Runs one step and notes how it went.
step() {
    local name=$1 begin=$SECONDS verdict log
    shift
    log="$LOGS/${name//[^a-zA-Z0-9]/-}.log"
    printf '\n==> %s\n' "$name"
    if "$@" 2>&1 | tee "$log"; then
        verdict=ok
    else
        verdict=FAILED
        failed=$((failed + 1))
        failures+=("$name" "$log")
    fi
    summary+=("$(printf '%-7s %-44s %4d s' "$verdict" "$name" $((SECONDS - begin)))")
    printf '<== %s: %s\n' "$name" "$verdict"
}

finish() {
    local at
    printf '\n'
    printf '%s\n' "${summary[@]}"
    for ((at = 0; at < ${#failures[@]}; at += 2)); do
        printf '\n%s failed; the end of %s:\n' "${failures[at]}" "${failures[at + 1]}"
        tail -n "$LINES_OF_A_FAILURE" "${failures[at + 1]}"
    done
    if [ "$failed" -eq 0 ]; then
        printf 'all checks passed in %d s\n' "$SECONDS"
    else
        printf '%d of %d checks failed after %d s\n' "$failed" "${#summary[@]}" "$SECONDS"
    fi
    exit $((failed > 0))
}

# ---------------------------------------------------------------------------------------------------------------------
# What the tests need

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo -n "$@"
    else
        return 1
    fi
}

install_packages() {
    echo "installing Debian packages: $*"
    if ! have apt-get; then
        echo "there is no apt-get; install them in another way" >&2
        return 1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null
}

have_postgres() {
    local initdb
    for initdb in "$(command -v initdb)" /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$initdb" ] && return 0
    done
    return 1
}

# Debian has the parts of this in packages of their own.
have_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

have_chromium() { [ -n "${CHROMIUM:-}" ] || [ -x /usr/bin/chromium ]; }

install_system_tools() {
    local missing=()
    have cc || missing+=(gcc libc6-dev)
    # The allocator is built by it.
    have make || missing+=(make)
    have_postgres || missing+=(postgresql)
    local program
    for program in curl git python3 shellcheck; do
        have "$program" || missing+=("$program")
    done
    have node && have npm || missing+=(nodejs npm)
    if [ "$quick" = no ]; then
        have_venv || missing+=(python3-venv)
        have_chromium || missing+=(chromium)
    fi
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}" || return 1
    if ! have cargo; then
        echo 'cargo is missing; scripts/quickstart.sh installs it, and so does https://rustup.rs' >&2
        return 1
    fi
    local component
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 || rustup component add "${component/fmt/rustfmt}" || return 1
    done
    have cargo-nextest || cargo install cargo-nextest --locked
}

# The real MCP servers of the end-to-end tests. A second run finds them unchanged and does nothing.
install_mcp_servers() {
    local into=$TARGET/mcp-servers stamp
    stamp=$(cat "$SERVERS_SOURCE/package-lock.json" "$SERVERS_SOURCE/requirements.txt" | cksum)
    if [ "$(cat "$into/.installed" 2>/dev/null)" = "$stamp" ]; then
        echo "unchanged in $into"
        return
    fi
    mkdir -p "$into" &&
        cp "$SERVERS_SOURCE/package.json" "$SERVERS_SOURCE/package-lock.json" "$SERVERS_SOURCE/.npmrc" "$into/" &&
        npm ci --prefix "$into" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null &&
        python3 -m venv --clear "$into/venv" &&
        "$into/venv/bin/pip" install --quiet --disable-pip-version-check -r "$SERVERS_SOURCE/requirements.txt" </dev/null &&
        printf '%s' "$stamp" >"$into/.installed"
}

# ---------------------------------------------------------------------------------------------------------------------
# Checks. Everything is built with the same profile, features and packages, so that it is built once.

run_tests() {
    local profile=default tests='all()'
    [ -z "${CI:-}" ] || profile=ci
    [ "$quick" = no ] || tests='not binary_id(orch-server::e2e)'
    ORCH_TEST_MCP_SERVERS=$TARGET/mcp-servers \
        sh scripts/with-postgres.sh cargo nextest run --workspace --locked --profile "$profile" -E "$tests"
}

# A second run finds the packages unchanged and does nothing.
install_frontend() {
    local stamp
    stamp=$(cksum <frontend/package-lock.json)
    if [ "$(cat frontend/node_modules/.installed 2>/dev/null)" = "$stamp" ]; then
        echo 'unchanged in frontend/node_modules'
        return
    fi
    npm ci --prefix frontend --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null &&
        printf '%s' "$stamp" >frontend/node_modules/.installed
}

frontend() { npm run --prefix frontend --silent "$@" </dev/null; }

# The pages that were just built, served by the real daemon that was built with the tests.
run_browser_tests() {
    CARGO_TARGET_DIR=$TARGET ORCH_TEST_MCP_SERVERS=$TARGET/mcp-servers frontend e2e
}

# Generated files are as they would be generated now.
check_generated() {
    "$TARGET/debug/orch-admin" openapi | diff -u docs/api/openapi.json - ||
        {
            echo 'docs/api/openapi.json is out of date: run just generate' >&2
            return 1
        }
}

check_scripts() { shellcheck scripts/*.sh .ci/run; }

# They are apart from the workspace, and only run with a nightly toolchain. Nothing is linked, so the fuzzer itself,
# which is C++, is not built.
check_fuzz_targets() {
    (
        cd fuzz &&
            CARGO_TARGET_DIR=$TARGET/fuzz CUSTOM_LIBFUZZER_PATH=$TARGET/fuzz/libfuzzer.a RUSTFLAGS='-D warnings' \
                cargo check --locked
    )
}

step 'tools' install_system_tools
step 'formatting' cargo fmt --all --check
step 'scripts' check_scripts
# Before the daemon, which embeds the pages.
step 'dashboard: packages' install_frontend
step 'dashboard: lints' frontend lint
step 'dashboard: types' frontend typecheck
step 'dashboard: tests' frontend test
if [ "$quick" = no ]; then
    step 'dashboard: build' frontend build
    step 'dashboard: size' frontend size
fi
step 'lints' cargo clippy --workspace --all-targets --locked -- -D warnings
if [ "$quick" = no ]; then
    step 'MCP servers for the tests' install_mcp_servers
fi
step 'tests' run_tests
step 'generated files' check_generated
if [ "$quick" = no ]; then
    step 'dashboard: browser' run_browser_tests
fi
if [ "$quick" = no ]; then
    step 'quickstart' scripts/check-quickstart.sh "$TARGET/debug"
    step 'fuzz targets' check_fuzz_targets
    step 'Helm chart' scripts/check-chart.sh "$TARGET/debug/orch-server" "$TARGET/chart"
    step 'conformance' scripts/conformance.sh
    step 'REST against its document' bash scripts/check-rest.sh "$TARGET/debug/orch-server" "$TARGET/schemathesis"
    step 'doc tests' cargo test --doc --workspace --locked --quiet
    step 'documentation' env RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --quiet
fi
finish
