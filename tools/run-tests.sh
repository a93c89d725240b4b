#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All tests and checks, on a machine with nothing but Python, pip and apt.
#
#   tools/run-tests.sh              everything
#   tools/run-tests.sh STEP...      pep8 unit functional cover docs api-ref
#                                   releasenotes genconfig genpolicy
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

case " ${steps[*]} " in
    *' cover '* | *' functional '* | *' unit '*) need_services ;;
esac

summary=()
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for step in "${steps[@]}"; do
    say "$step"
    began=$SECONDS
    if tools/checks.sh "$step" 2>&1 | tee -a "$log"; then
        result=ok
    else
        result=FAILED
        failed=1
    fi
    summary+=("$(printf '%-14s %-7s %4d s' "$step" "$result" \
        $((SECONDS - began)))")
done

say 'Summary'
for line in "${summary[@]}"; do note "$line"; done
note "$(printf '%-14s %-7s %4d s' 'in all' '' "$SECONDS")"
# what the tests said last, so that it is the last thing to read
grep -E '^=+ .*(passed|failed|error).* in [0-9.]+s' "$log" | tail -n 3 || true
exit "$failed"
