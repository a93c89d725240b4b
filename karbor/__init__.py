# SPDX-License-Identifier: Apache-2.0
"""Application data protection as a service for OpenStack."""

from oslo_service import backend

# oslo.service falls back to eventlet unless it is told before anything else
# of it, or of oslo.messaging, is imported; only here is early enough. A tool
# of another project (oslo-config-generator) may have chosen already when it
# asks Karbor for its options; a daemon makes sure of it when it starts.
if backend.get_backend_type() is None:
    backend.init_backend(backend.BackendType.THREADING)
