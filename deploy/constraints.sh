#!/bin/sh
# Prints uv.lock as constraints, for the machines that have only pip.
set -eu
cd "$(dirname "$0")/.."
echo "# Made from uv.lock by \`make lock\`; edit neither by hand."
uv export --no-config --quiet --locked --all-extras --all-groups --no-emit-project --no-hashes --no-annotate --no-header
