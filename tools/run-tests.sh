#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All tests and checks, on a machine with nothing but Python, pip and apt.
#
#   tools/run-tests.sh              everything
#   tools/run-tests.sh STEP...      pep8 unit functional cover docs api-ref
#                                   releasenotes genconfig genpolicy
#   tools/run-tests.sh --cloud      tests with an OpenStack of its own, and no
#                                   others; see tools/cloud
#
# It works in .venv below the checkout. Servers (RabbitMQ, PostgreSQL, MariaDB)
# are used where they answer on loopback; CI=true installs and starts them.
set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
VENV=$TOP/.venv
cd "$TOP"
# shellcheck source=tools/lib.sh
. tools/lib.sh
# shellcheck source=tools/services.sh
. tools/services.sh

ALL=(pep8 genconfig genpolicy docs api-ref releasenotes cover)
steps=("$@")
[ $# -gt 0 ] || steps=("${ALL[@]}")
with_cloud=
if [ "$*" = --cloud ]; then
    with_cloud=1
    steps=()
fi
for step in "${steps[@]}"; do
    case " ${ALL[*]} unit functional " in
        *" $step "*) ;;
        *) die "unknown step '$step'; there are: ${ALL[*]} unit functional" ;;
    esac
done

say 'Python environment'
make_venv
install_set tests test-requirements.txt doc/requirements.txt
export PATH="$VENV/bin:$PATH" VIRTUAL_ENV=$VENV
# Tests start hundreds of programs, and without compiled modules each of them
# takes seconds to begin. They lie beside the packages, not in the checkout.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$VENV/pycache
note "$(python --version) in ${VENV#"$TOP"/}"

case " ${steps[*]} ${with_cloud:+cover} " in
    *' cover '* | *' functional '* | *' unit '*) need_services ;;
esac

summary=()
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# step NAME COMMAND...: run it, and remember how it went and how long it took
step() {
    local name=$1 began=$SECONDS result=ok
    shift
    say "$name"
    if ! "$@" 2>&1 | tee -a "$log"; then
        result=FAILED
        failed=1
    fi
    summary+=("$(printf '%-14s %-7s %4d s' "$name" "$result" \
        $((SECONDS - began)))")
    [ "$result" = ok ]
}

for step in "${steps[@]}"; do
    step "$step" tools/checks.sh "$step" || true
done

# A cloud that is none of a developer's; whatever happens, nothing of it is
# left but what was installed. The first reset is for one that was killed.
if [ -n "$with_cloud" ]; then
    export KARBOR_CLOUD_NAME=run-tests
    # other clouds are not meant
    unset OS_AUTH_URL
    cloud() { python tools/cloud "$@"; }
    trap 'cloud reset --empty; rm -f "$log"' EXIT
    cloud reset --empty
    if step install cloud install && step up cloud up; then
        step cloud tools/checks.sh cloud || true
        step status cloud status || true
    fi
    step down cloud reset --empty || true
    trap 'rm -f "$log"' EXIT
fi

say 'Summary'
for line in "${summary[@]}"; do note "$line"; done
note "$(printf '%-14s %-7s %4d s' 'in all' '' "$SECONDS")"
# what the tests said last, so that it is the last thing to read
grep -E '^=+ .*(passed|failed|error).* in [0-9.]+s' "$log" | tail -n 3 || true
exit "$failed"
