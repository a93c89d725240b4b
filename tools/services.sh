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
        command -v rabbitmq-server >/dev/null || [ -x \
            /usr/sbin/rabbitmq-server ] || apt_install rabbitmq-server
        listens 5672 || as_root rabbitmq-server -detached >/dev/null 2>&1
        await 5672 90 && return
    fi
    MISSING+=('RabbitMQ on 127.0.0.1:5672 (guest/guest)')
}

pg_answers() {
    psql -h 127.0.0.1 -d postgres -Atc \
        'SELECT rolcreatedb OR rolsuper FROM pg_roles
         WHERE rolname = current_user' 2>/dev/null | grep -q t
}

# A role of our own: a fresh server lets nobody in over TCP without password.
pg_role() {
    export PGUSER=karbor_test PGPASSWORD=karbor_test
    pg_answers && return
    as_root su postgres -c "psql -q -d postgres" >/dev/null 2>&1 <<'SQL'
CREATE ROLE karbor_test LOGIN CREATEDB PASSWORD 'karbor_test';
CREATE DATABASE karbor_test OWNER karbor_test;
SQL
    pg_answers && return
    unset PGUSER PGPASSWORD
    return 1
}

need_postgresql() {
    local version
    if ! listens 5432 && may_start; then
        command -v pg_ctlcluster >/dev/null || apt_install postgresql
        version=$(find /etc/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' \
            2>/dev/null | sort -n | tail -n 1)
        listens 5432 || as_root pg_ctlcluster --skip-systemctl-redirect \
            "$version" main start >/dev/null 2>&1
        await 5432 60 || true
    fi
    if listens 5432; then
        pg_answers && return
        may_start && pg_role && return
    fi
    MISSING+=('PostgreSQL on 127.0.0.1:5432 with a role that may create
      databases (PGUSER, PGPASSWORD)')
}

maria_answers() {
    mariadb -h 127.0.0.1 -u "${1:-root}" ${2:+"-p$2"} -e 'SELECT 1' \
        >/dev/null 2>&1
}

maria_role() {
    as_root mariadb >/dev/null 2>&1 <<'SQL'
CREATE OR REPLACE USER karbor_test@localhost IDENTIFIED BY 'karbor_test';
CREATE OR REPLACE USER karbor_test@'127.0.0.1' IDENTIFIED BY 'karbor_test';
GRANT ALL ON *.* TO karbor_test@localhost;
GRANT ALL ON *.* TO karbor_test@'127.0.0.1';
SQL
    maria_answers karbor_test karbor_test || return 1
    export KARBOR_TEST_MYSQL_USER=karbor_test
    export KARBOR_TEST_MYSQL_PASSWORD=karbor_test
}

need_mariadb() {
    if ! listens 3306 && may_start; then
        [ -x /usr/sbin/mariadbd ] || apt_install mariadb-server
        if ! listens 3306; then
            as_root install -d -o mysql -g mysql /run/mysqld
            as_root start-stop-daemon --start --oknodo --background \
                --exec /usr/sbin/mariadbd >/dev/null 2>&1
        fi
        await 3306 60 || true
    fi
    if listens 3306; then
        maria_answers && return
        may_start && maria_role && return
    fi
    MISSING+=('MariaDB on 127.0.0.1:3306 (root, no password)')
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
