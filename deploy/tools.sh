#!/bin/sh
# tools.sh PROGRAM[:PACKAGE]...: installs programs that tests or measurements drive, where that is
# possible without asking anybody: as root, with apt. Elsewhere their tests are skipped, and the summary says so.
set -eu

missing=
for wanted in "$@"; do
    command -v "${wanted%%:*}" >/dev/null 2>&1 || missing="$missing ${wanted##*:}"
done
if [ -z "$missing" ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # one word for each package
if ! { apt-get update && apt-get install --yes --no-install-recommends $missing; } >/dev/null 2>&1; then
    echo "apt could not install:$missing; what needs them is left out" >&2
fi
