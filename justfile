# The single steps of working on this project; `just --list` names them.

target := env("CARGO_TARGET_DIR", justfile_directory() / "target")

default:
    @just --list

# Get the toolchain, the tools and all dependencies
setup:
    rustup toolchain install
    rustup component add rustfmt clippy
    cargo install --locked cargo-nextest cargo-deny
    cargo fetch --locked

# Run the daemon in development, with settings from .env
dev *args:
    cargo run -p orch-server -- serve {{ args }}

# Format all code
fmt:
    cargo fmt --all

# Lint everything; a warning is an error
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Run all tests but the end-to-end ones, on SQLite and a throw-away PostgreSQL
test *args:
    scripts/with-postgres.sh cargo nextest run --workspace --locked -E 'not binary_id(orch-server::e2e)' {{ args }}

# Run the end-to-end tests, on SQLite and a throw-away PostgreSQL; scripts/test.sh installs the MCP servers that they need
e2e *args:
    cargo build -p orch-admin --locked
    scripts/with-postgres.sh cargo nextest run -p orch-server --locked -E 'binary_id(orch-server::e2e)' {{ args }}

# Run the official conformance suite through the daemon; `just conformance --only 2026-07-28/modern-http`
conformance *args:
    cargo build --locked -p orch-server
    scripts/conformance.sh {{ args }}

# Feed what reads bytes of strangers, for so many seconds each; needs a nightly toolchain and cargo-fuzz
fuzz seconds="30":
    scripts/fuzz.sh {{ seconds }}

# Have clients and servers misbehave for so many minutes, and see that nothing is left behind
soak minutes="5":
    ORCH_SOAK_SECS=$(( {{ minutes }} * 60 )) cargo nextest run -p orch-server --locked -E 'test(soak::)' --no-capture

# Build the daemon and its command line for release
release *args:
    scripts/build-release.sh {{ args }}

# Make the profile anew that release builds are optimised with; before a release, and after another toolchain
profile:
    scripts/profile.sh

# Measure a release build
bench *args:
    scripts/build-release.sh
    cargo build --release --locked -p orch-bench
    {{ target }}/release/orch-bench run {{ args }}

# Measure usage and activity with so many synthetic calls, on a throw-away PostgreSQL; shows the query plans
bench-usage rows="10000000":
    cargo build --release --locked -p orch-persistence --example usage_bench
    scripts/with-postgres.sh sh -c '{{ target }}/release/examples/usage_bench "$ORCH_TEST_POSTGRES_URL" {{ rows }}'

# Lint and render the Helm chart
chart:
    cargo build --locked -p orch-server
    scripts/check-chart.sh {{ target }}/debug/orch-server {{ target }}/chart

# Write the generated files anew
generate:
    cargo build --locked -p orch-admin
    {{ target }}/debug/orch-admin openapi > docs/api/openapi.json.draft
    mv docs/api/openapi.json.draft docs/api/openapi.json
    npm run --prefix frontend --silent generate

# Bring the schema of the development database up to date
migrate:
    cargo run -p orch-admin -- migrate up

# Build the dashboard into frontend/out
frontend:
    npm ci --prefix frontend
    npm run --prefix frontend build

# Write pictures of every page of the dashboard into frontend/screenshots
screenshots: frontend
    cargo build --locked -p orch-server
    CARGO_TARGET_DIR={{ target }} ORCH_TEST_MCP_SERVERS={{ target }}/mcp-servers npm run --prefix frontend screenshots

# Check licenses, advisories and sources of dependencies
deny:
    cargo deny check

# What continuous integration runs
ci:
    .ci/run
