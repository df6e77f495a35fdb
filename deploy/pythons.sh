#!/bin/sh
# pythons.sh [TEST]...: runs the tests of rules, screens and chat (or those named) on every other Python that is
# promised and found here, each in an environment of its own. One that is not here is said to be left out.
set -eu
cd "$(dirname "$0")/.."

if [ $# = 0 ]; then
    set -- tests/unit tests/ui tests/assistant
fi
ours=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
failed=0
for version in 3.11 3.12 3.13; do
    [ "$version" != "$ours" ] || continue
    python=
    for candidate in "python$version" "${HOME:-}/.pyenv/versions/$version".*/bin/python; do
        if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            python=$candidate
        fi
    done
    if [ -z "$python" ]; then
        echo "Python $version is not here: nothing was tested on it" >&2
        continue
    fi
    own=.venv-$version
    "$own/bin/python" -c '' >/dev/null 2>&1 || "$python" -m venv --clear "$own"
    "$own/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
    "$own/bin/python" -m pip install --quiet --disable-pip-version-check \
        --constraint constraints.txt --group dev --editable '.[embedded]'
    echo "Python $version"
    "$own/bin/python" -m pytest -q -n auto --dist worksteal "$@" || failed=1
done
exit $failed
