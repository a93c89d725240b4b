# SPDX-License-Identifier: Apache-2.0
"""Application data protection as a service for OpenStack."""

import warnings

# Libraries import eventlet wherever it is installed, and it then greets every
# command with a warning about itself. Karbor does not use it, so nobody can do
# anything about that. Who wants to see it has -W, which comes first.
warnings.filterwarnings('ignore', r'\s*Eventlet is deprecated', append=True)

from oslo_service import backend  # noqa: E402

# oslo.service falls back to eventlet unless it is told before anything else
# of it, or of oslo.messaging, is imported; only here is early enough. A tool
# of another project (oslo-config-generator) may have chosen already when it
# asks Karbor for its options; a daemon makes sure of it when it starts.
if backend.get_backend_type() is None:
    backend.init_backend(backend.BackendType.THREADING)
