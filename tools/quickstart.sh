#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Protect, lose and restore something real, on this machine alone.
#
#   tools/quickstart.sh [DIRECTORY]
#
# Works on a copy of DIRECTORY (by default of this checkout) in .quickstart,
# which every run makes anew. Needs Python 3.11 or newer and pip, and three
# times the size of DIRECTORY (at least 1.2 GB) on the disk.
set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
VENV=$TOP/.venv
# shellcheck source=tools/lib.sh
. "$TOP/tools/lib.sh"

case ${1:-} in
    -h | --help) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
[ $# -le 1 ] || die 'usage: tools/quickstart.sh [DIRECTORY]'
source=$(realpath -- "${1:-$TOP}")
[ -d "$source" ] || die "DIRECTORY: $source is not a directory"

say 'Karbor in a venv below this checkout'
make_venv
install_set quickstart tools/quickstart-requirements.txt
export PATH="$VENV/bin:$PATH"
note "$(python --version), karbor $(python -c \
    "from importlib import metadata; print(metadata.version('karbor'))")"
# the deprecations of old libraries are nothing to a newcomer
export PYTHONWARNINGS=ignore
exec python "$TOP/tools/quickstart.py" "$source"
