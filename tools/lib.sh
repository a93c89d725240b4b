# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts in this directory share. Source it; it only defines.

say() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Run a command as root, or tell that we may not.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

APT_UPDATED=
apt_install() {
    command -v apt-get >/dev/null || return 1
    if [ -z "$APT_UPDATED" ]; then
        as_root apt-get update -qq >/dev/null 2>&1 || return 1
        APT_UPDATED=1
    fi
    note "installing $*"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

# The first interpreter that is new enough.
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null && "$candidate" -c \
            'import sys; sys.exit(sys.version_info < (3, 11))'; then
            echo "$candidate"
            return
        fi
    done
    die 'Python 3.11 or newer is needed: apt-get install python3'
}

# A shallow, exported or foreign checkout does not tell pbr its version.
pbr_version() {
    if ! git -C "$TOP" log -1 >/dev/null 2>&1; then
        PBR_VERSION=$(sed -n 's/^version = //p' "$TOP/setup.cfg")
        export PBR_VERSION
    fi
}

# uv does not read the configuration of pip, so it is told what matters.
uv_like_pip() {
    local python=$1 key value name
    while IFS='=' read -r key value; do
        value=${value#[\'\"]}
        value=${value%[\'\"]}
        # several values of one key come as lines in one text
        value=${value//'\n'/ }
        value=${value# }
        case $key in
            *.index-url) : "${UV_DEFAULT_INDEX:=$value}" ;;
            *.extra-index-url) : "${UV_INDEX:=$value}" ;;
            *.find-links) : "${UV_FIND_LINKS:=${value// /,}}" ;;
            *.cert) : "${SSL_CERT_FILE:=$value}" ;;
        esac
    done < <("$python" -m pip config list 2>/dev/null)
    # the best of all indexes, as pip does it, and not the first that has any
    : "${UV_INDEX_STRATEGY:=unsafe-best-match}"
    for name in UV_DEFAULT_INDEX UV_INDEX UV_FIND_LINKS UV_INDEX_STRATEGY \
        SSL_CERT_FILE; do
        # an empty variable would be a setting of its own
        if [ -n "${!name:-}" ]; then export "${name?}"; fi
    done
}

# Make VENV if it is not there; UV is the uv to use with it, if there is one.
make_venv() {
    local python
    python=$(find_python)
    uv_like_pip "$python"
    if ! "$VENV/bin/python" -c '' >/dev/null 2>&1; then
        note "making ${VENV#"$TOP"/} with $("$python" --version)"
        new_venv "$python"
    fi
    for UV in "$VENV/bin/uv" "$TOP/.venv-uv/bin/uv"; do
        if [ -x "$UV" ]; then return; fi
    done
    UV=$VENV/bin/uv
    "$VENV/bin/python" -m pip install -q uv >/dev/null 2>&1 || UV=
}

new_venv() {
    local python=$1
    rm -rf "$VENV"
    "$python" -m venv "$VENV" >/dev/null 2>&1 && return
    rm -rf "$VENV"
    # Debian keeps what venv needs in a package of its own; uv does not
    # need it, and pip can bring uv without touching the system.
    if "$python" -m pip install -q --target "$TOP/.venv-uv" uv \
        >/dev/null 2>&1 && "$TOP/.venv-uv/bin/uv" venv -q \
        --python "$python" "$VENV"; then
        return
    fi
    apt_install python3-venv && "$python" -m venv "$VENV" && return
    die 'a venv could not be made; apt-get install python3-venv'
}

# install_set NAME FILE...: Karbor itself and the requirements in FILEs,
# again only when one of the files has changed.
install_set() {
    local name=$1 file stamp sum log
    shift
    stamp=$VENV/.karbor-$name
    sum=$(cd "$TOP" && cat setup.cfg requirements.txt "$@" | cksum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return
    local wanted=(-e "${TOP}[mysql,postgresql]")
    for file in "$@"; do
        wanted+=(-r "$TOP/$file")
    done
    note "installing packages ($name); the first time takes a minute"
    pbr_version
    log=$VENV/.karbor-$name.log
    # uv is much faster, but knows less of how a machine may be set up
    if ! { [ -n "$UV" ] && "$UV" pip install -q --python \
        "$VENV/bin/python" "${wanted[@]}"; } >"$log" 2>&1; then
        note 'uv could not; trying pip'
        "$VENV/bin/python" -m pip install -q "${wanted[@]}" >>"$log" 2>&1 \
            || { cat "$log" >&2; die 'the packages could not be installed'; }
    fi
    echo "$sum" >"$stamp"
}
