#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One step of the checks, with the Python that is first on PATH:
# what tox and tools/run-tests.sh both call.
set -euo pipefail
cd "$(dirname "$0")/.."

step=${1:?usage: tools/checks.sh STEP [ARGUMENT...]}
shift

run() { printf '+ %s\n' "$*"; "$@"; }

shell_scripts() { git ls-files -- '*.sh' .ci/run 2>/dev/null \
    || find tools devstack -name '*.sh'; }

pep8() {
    local script failed=0
    run python tools/check_structure.py || failed=1
    run ruff check karbor tools doc api-ref releasenotes || failed=1
    # hacking alone: everything else is ruff's
    run flake8 karbor tools || failed=1
    run mypy karbor || failed=1
    run lint-imports --no-cache --config pyproject.toml || failed=1
    # ruff has bandit's rules and wants a reason for each exception; bandit
    # itself stands by for what is serious and sure
    run bandit -q -ll -ii -c pyproject.toml -r karbor || failed=1
    run doc8 -q README.rst CONTRIBUTING.rst HACKING.rst doc/source \
        api-ref/source releasenotes/source || failed=1
    while read -r script; do
        bash -n "$script" || failed=1
        if command -v shellcheck >/dev/null; then
            shellcheck -x "$script" || failed=1
        fi
    done < <(shell_scripts)
    return "$failed"
}

# unit_tests LAUNCHER [ARGUMENT...]: of pytest; the launcher may be two words
unit_tests() {
    local launcher
    read -ra launcher <<<"$1"
    shift
    # what runs in one process alone may share the machine
    run "${launcher[@]}" -m pytest -n 2 karbor/tests/unit \
        karbor/tests/conformance "$@"
}

# Two files at a time: each has daemons of its own, that wait more than they
# work. The conftest.py there says which are first.
functional_tests() {
    local launcher
    read -ra launcher <<<"$1"
    shift
    run "${launcher[@]}" -m pytest -n 2 --dist loadfile \
        --no-loadscope-reorder karbor/tests/functional "$@"
}

# In one process, with the cloud that OS_* or tools/cloud name; a test that is
# left out has not seen it, so there is none.
cloud_tests() {
    run python -m pytest -n 0 --durations=15 karbor/tests/fullstack/cloud "$@"
}

# What most fast tests cover is measured. The thorough ones and the functional
# ones would take half as long again for the few lines that only they reach.
cover() {
    rm -f .coverage .coverage.*
    local failed=0
    unit_tests 'coverage run' --durations=15 -m 'not thorough' || failed=1
    unit_tests python --durations=15 -m thorough || failed=1
    functional_tests python --durations=15 || failed=1
    run coverage combine -q
    run coverage report --skip-covered --skip-empty || failed=1
    return "$failed"
}

sphinx() { run python -m sphinx -q -W --keep-going -b html "$1" "$2"; }

case $step in
    pep8) pep8 ;;
    unit) unit_tests python "$@" ;;
    functional) functional_tests python "$@" ;;
    cover) cover ;;
    cloud) cloud_tests "$@" ;;
    docs) sphinx doc/source doc/build/html ;;
    api-ref) sphinx api-ref/source api-ref/build/html ;;
    releasenotes) sphinx releasenotes/source releasenotes/build/html ;;
    samples)
        # what the reference of the API shows, as the service says it now
        export KARBOR_WRITE_SAMPLES=1
        run python -m pytest karbor/tests/functional/test_samples.py \
            karbor/tests/unit/test_api_ref.py -k 'samples_are or published' ;;
    genconfig)
        run oslo-config-generator --config-file etc/config-generator.conf ;;
    genpolicy)
        run oslopolicy-sample-generator \
            --config-file etc/policy-generator.conf ;;
    *) echo "unknown step: $step" >&2; exit 2 ;;
esac
