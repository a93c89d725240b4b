# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The servers that tests talk to, on loopback only. Source it after lib.sh.
#
# A server that answers is used as it is. With CI=true, or KARBOR_SERVICES=yes,
# one that does not answer is installed and started, without systemd. What is
# missing in the end is said, and its tests say that they were left out.

MISSING=()

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

may_start() { [ "${CI:-}" = true ] || [ "${KARBOR_SERVICES:-}" = yes ]; }

# await PORT SECONDS: until something listens.
await() {
    local end=$((SECONDS + $2))
    until listens "$1"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.5
    done
}

need_tool() {
    local tool=$1 package=$2
    command -v "$tool" >/dev/null && return
    apt_install "$package" && command -v "$tool" >/dev/null && return
    MISSING+=("$tool (apt-get install $package)")
}

need_rabbitmq() {
    listens 5672 && return
    if may_start; then
        [ -x /usr/sbin/rabbitmq-server ] || apt_install rabbitmq-server || true
        listens 5672 || as_root rabbitmq-server -detached >/dev/null 2>&1 \
            || true
        [ ! -x /usr/sbin/rabbitmq-server ] || { await 5672 90 && return; }
    fi
    MISSING+=('RabbitMQ on 127.0.0.1:5672 (guest/guest)')
}

pg_answers() {
    psql -h 127.0.0.1 -U "${PGUSER:-postgres}" -d postgres -Atc \
        'SELECT rolcreatedb OR rolsuper FROM pg_roles
         WHERE rolname = current_user' 2>/dev/null | grep -q t
}

# A server that was installed just now, for these tests alone, lets everybody
# on loopback in.
pg_trust() {
    local file
    file=$(find /etc/postgresql -name pg_hba.conf | sort -V | tail -n 1)
    as_root sed -i '1i host all all 127.0.0.1/32 trust' "$file"
    as_root su postgres -c "psql -qc 'SELECT pg_reload_conf()'" >/dev/null
}

need_postgresql() {
    local version fresh=
    if ! listens 5432 && may_start; then
        if ! command -v pg_ctlcluster >/dev/null && apt_install postgresql
        then
            fresh=1
        fi
        for version in /etc/postgresql/*; do
            listens 5432 || as_root pg_ctlcluster --skip-systemctl-redirect \
                "${version##*/}" main start >/dev/null 2>&1 || continue
            await 5432 60 && break
        done
        [ -z "$fresh" ] || pg_trust || true
    fi
    listens 5432 && pg_answers && return
    MISSING+=('PostgreSQL on 127.0.0.1:5432 (user postgres, no password)')
}

maria_answers() {
    mariadb -h 127.0.0.1 -u root -e 'SELECT 1' >/dev/null 2>&1
}

maria_trust() {
    as_root mariadb -e "ALTER USER root@localhost IDENTIFIED VIA unix_socket
        OR mysql_native_password USING PASSWORD('')" >/dev/null 2>&1
}

need_mariadb() {
    local fresh=
    if ! listens 3306 && may_start; then
        if ! [ -x /usr/sbin/mariadbd ] && apt_install mariadb-server; then
            fresh=1
        fi
        if [ -x /usr/sbin/mariadbd ] && ! listens 3306; then
            if as_root install -d -o mysql -g mysql /run/mysqld \
                && as_root start-stop-daemon --start --oknodo --background \
                    --exec /usr/sbin/mariadbd >/dev/null 2>&1; then
                await 3306 60 || true
            fi
        fi
        [ -z "$fresh" ] || maria_trust || true
    fi
    listens 3306 && maria_answers && return
    MISSING+=('MariaDB on 127.0.0.1:3306 (user root, no password)')
}

need_services() {
    say 'Servers and programs that tests use'
    need_tool pg_dump postgresql-client
    need_tool mariadb-dump mariadb-client
    need_rabbitmq
    need_postgresql
    need_mariadb
    local what
    for what in "${MISSING[@]}"; do
        note "missing: $what; its tests are skipped and say so"
    done
    [ ${#MISSING[@]} -gt 0 ] || note 'all there'
    if [ ${#MISSING[@]} -gt 0 ] && [ "${CI:-}" = true ]; then
        die 'CI needs all of them'
    fi
}
