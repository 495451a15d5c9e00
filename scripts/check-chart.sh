#!/usr/bin/env bash
# Lints and renders the Helm chart, and has the daemon read the settings that come out.
#
# usage: scripts/check-chart.sh ORCH_SERVER VENV
#   ORCH_SERVER  the daemon's binary
#   VENV         where the renderer is installed, or is to be (75 MB from PyPI)
set -euo pipefail

readonly RENDERER=helm-python-sdk==0.2.2 YAML=PyYAML==6.0.3

[ $# -eq 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
server=$(realpath "$1")
mkdir -p "$2"
venv=$(realpath "$2")
if [ "$(cat "$venv/.installed" 2>/dev/null)" != "$RENDERER $YAML" ]; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$RENDERER" "$YAML" </dev/null
    printf '%s' "$RENDERER $YAML" >"$venv/.installed"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$venv/bin/python" "$(dirname "${BASH_SOURCE[0]}")/check-chart.py" "$work/orch.toml"
cd "$work"
env -u DATABASE_URL "$server" check-config --config "$work/orch.toml" --data-dir "$work/data"
