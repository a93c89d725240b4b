# SPDX-License-Identifier: Apache-2.0
"""Application data protection as a service for OpenStack."""

from oslo_service import backend

# oslo.service falls back to eventlet unless it is told before anything else
# of it, or of oslo.messaging, is imported; only here is early enough.
backend.init_backend(backend.BackendType.THREADING)
