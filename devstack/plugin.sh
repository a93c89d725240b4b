#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# DevStack plugin of Karbor. In local.conf:
#
#   enable_plugin karbor <URL of this repository>

# DevStack sources this file with its own tracing.
_XTRACE_KARBOR=$(set +o | grep xtrace)
set +o xtrace

function install_karbor {
    setup_develop "$KARBOR_DIR" "$(karbor_extra)"
}

# The driver of the database that DevStack has chosen.
function karbor_extra {
    if is_service_enabled postgresql; then echo postgresql; else echo mysql; fi
}

function configure_karbor {
    sudo install -d -o "$STACK_USER" "$KARBOR_CONF_DIR" \
        "$KARBOR_PROVIDERS_DIR" "$KARBOR_STATE_PATH"
    sudo install -d -m 0700 -o "$STACK_USER" "$KARBOR_BANK_PATH"
    rm -f "$KARBOR_CONF"

    iniset "$KARBOR_CONF" DEFAULT debug "$ENABLE_DEBUG_LOG_LEVEL"
    iniset "$KARBOR_CONF" DEFAULT state_path "$KARBOR_STATE_PATH"
    iniset "$KARBOR_CONF" DEFAULT auth_strategy keystone
    iniset "$KARBOR_CONF" api host "$(ipv6_unquote "$SERVICE_LISTEN_ADDRESS")"
    iniset "$KARBOR_CONF" api port "$KARBOR_SERVICE_PORT"
    iniset "$KARBOR_CONF" api workers "$KARBOR_API_WORKERS"
    iniset "$KARBOR_CONF" protection workers "$KARBOR_PROTECTION_WORKERS"
    iniset "$KARBOR_CONF" protection provider_config_dir \
        "$KARBOR_PROVIDERS_DIR"
    iniset "$KARBOR_CONF" oslo_concurrency lock_path \
        "$KARBOR_STATE_PATH/locks"
    iniset "$KARBOR_CONF" database connection \
        "$(database_connection_url karbor)"
    iniset_rpc_backend karbor "$KARBOR_CONF" DEFAULT
    configure_keystone_authtoken_middleware "$KARBOR_CONF" karbor
    iniset "$KARBOR_CONF" keystone_authtoken service_type data-protect
    iniset "$KARBOR_CONF" keystone_authtoken service_token_roles service
    iniset "$KARBOR_CONF" keystone_authtoken service_token_roles_required True
    setup_logging "$KARBOR_CONF"

    iniset "$KARBOR_CONF" cloud enabled True
    iniset "$KARBOR_CONF" cloud region_name "$REGION_NAME"
    iniset "$KARBOR_CONF" cloud auth_type password
    iniset "$KARBOR_CONF" cloud auth_url "$KEYSTONE_SERVICE_URI"
    iniset "$KARBOR_CONF" cloud username karbor
    iniset "$KARBOR_CONF" cloud password "$SERVICE_PASSWORD"
    iniset "$KARBOR_CONF" cloud user_domain_name "$SERVICE_DOMAIN_NAME"
    iniset "$KARBOR_CONF" cloud project_name "$SERVICE_PROJECT_NAME"
    iniset "$KARBOR_CONF" cloud project_domain_name "$SERVICE_DOMAIN_NAME"

    local name
    for name in "$KARBOR_DIR"/etc/karbor/providers.d/*.conf; do
        cp "$name" "$KARBOR_PROVIDERS_DIR/"
        iniset "$KARBOR_PROVIDERS_DIR/$(basename "$name")" \
            file_system_bank_plugin file_system_bank_path \
            "$KARBOR_BANK_PATH/$(basename "$name" .conf)"
    done
    install -d -m 0700 "$KARBOR_BANK_PATH/filesystem" "$KARBOR_BANK_PATH/noop"
}

function create_karbor_accounts {
    local url="$KARBOR_SERVICE_PROTOCOL://$KARBOR_SERVICE_HOST"
    url+=":$KARBOR_SERVICE_PORT/v1/\$(project_id)s"
    create_service_user karbor admin
    get_or_create_service karbor data-protect 'Application data protection'
    get_or_create_endpoint data-protect "$REGION_NAME" "$url" "$url" "$url"
}

function init_karbor {
    recreate_database karbor utf8
    "$KARBOR_BIN_DIR/karbor-manage" --config-file "$KARBOR_CONF" db sync
}

function start_karbor {
    local name
    for name in karbor-api karbor-operationengine karbor-protection; do
        run_process "$name" \
            "$KARBOR_BIN_DIR/$name --config-file $KARBOR_CONF"
    done
    if is_service_enabled karbor-api && ! wait_for_service \
        "$SERVICE_TIMEOUT" \
        "$KARBOR_SERVICE_PROTOCOL://$KARBOR_SERVICE_HOST:$KARBOR_SERVICE_PORT/healthcheck"
    then
        die $LINENO 'karbor-api did not start'
    fi
}

function stop_karbor {
    local name
    for name in karbor-api karbor-operationengine karbor-protection; do
        stop_process "$name"
    done
}

function cleanup_karbor {
    sudo rm -rf "$KARBOR_CONF_DIR" "$KARBOR_STATE_PATH"
}

if is_service_enabled karbor; then
    KARBOR_BIN_DIR=$(get_python_exec_prefix)
    case ${1:-}/${2:-} in
        stack/install)
            echo_summary 'Installing Karbor'
            install_karbor
            ;;
        stack/post-config)
            echo_summary 'Configuring Karbor'
            configure_karbor
            if is_service_enabled key; then
                create_karbor_accounts
            fi
            ;;
        stack/extra)
            echo_summary 'Starting Karbor'
            init_karbor
            start_karbor
            ;;
    esac
    case ${1:-} in
        unstack) stop_karbor ;;
        clean) cleanup_karbor ;;
    esac
fi

$_XTRACE_KARBOR
