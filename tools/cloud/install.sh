#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the cloud is made of: install.sh VENV
#
# Debian packages where one is missing, and a Python environment in VENV with
# the very versions of constraints.txt; again only when that file has changed.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
VENV=$1
PATH=$PATH:/usr/sbin
# shellcheck source=tools/lib.sh
. "$TOP/tools/lib.sh"

missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }
need /usr/lib/rabbitmq/bin/rabbitmq-server rabbitmq-server
need mariadbd mariadb-server
need memcached memcached
need qemu-img qemu-utils
# they are wanted as programs: no server shall start with the machine's files
export RUNLEVEL=1
if [ ${#missing[@]} -gt 0 ]; then
    apt_install "${missing[@]}" || die "apt-get install ${missing[*]}"
fi

# whole is what the stamp says; anything else is made anew
stamp=$VENV/.karbor-cloud
sum=$(cksum <"$HERE/constraints.txt")
[ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && exit
make_venv
# nothing is left to resolve: the file has every package
wanted=(--no-deps -r "$HERE/constraints.txt")
note 'installing the services; the first time takes minutes'
if ! { [ -n "$UV" ] && "$UV" pip install -q --compile-bytecode \
    --python "$VENV/bin/python" "${wanted[@]}"; }; then
    note 'uv could not; trying pip'
    "$VENV/bin/python" -m pip install -q "${wanted[@]}"
fi
echo "$sum" >"$stamp"
