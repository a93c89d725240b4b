# SPDX-License-Identifier: Apache-2.0
"""What a process counts: each instrument once, with its name and labels.

``doc/source/admin/metrics.rst`` tells operators of each of them. A name that
is there stays.
"""

import prometheus_client as prometheus

REGISTRY = prometheus.CollectorRegistry()
# memory, threads of time, open files
prometheus.ProcessCollector(registry=REGISTRY)

# work takes from parts of a second to days
_SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600,
            24 * 3600)

BUILD = prometheus.Gauge(
    'karbor_build_info', 'Which daemon this is, and of which release.',
    ['binary', 'version'], registry=REGISTRY)

CLAIMS = prometheus.Counter(
    'karbor_operation_claims',
    'Operations that this process has begun or resumed.', ['type'],
    registry=REGISTRY)
TAKEOVERS = prometheus.Counter(
    'karbor_operation_takeovers',
    'Operations that this process has taken over from a worker that fell '
    'silent.', ['type'], registry=REGISTRY)
LEASES_LOST = prometheus.Counter(
    'karbor_operation_leases_lost',
    'Operations that this process has lost to another worker, or had to take '
    'for lost.', ['type'], registry=REGISTRY)
OUTCOMES = prometheus.Counter(
    'karbor_operation_outcomes',
    'Operations that this process has ended.', ['type', 'outcome'],
    registry=REGISTRY)
DURATION = prometheus.Histogram(
    'karbor_operation_duration_seconds',
    'Time from the first claim of an operation to its end.',
    ['type', 'outcome'], buckets=_SECONDS, registry=REGISTRY)
WAIT = prometheus.Histogram(
    'karbor_operation_wait_seconds',
    'Time for which an operation was queued before its first claim.',
    ['type'], buckets=_SECONDS, registry=REGISTRY)
BYTES = prometheus.Counter(
    'karbor_bank_bytes',
    'Bytes of content, before compression, that this process has written to '
    'banks or read from them.', ['direction', 'type'], registry=REGISTRY)

RUNS = prometheus.Counter(
    'karbor_runs', 'Runs of scheduled operations that this process has ended.',
    ['outcome'], registry=REGISTRY)
RUNS_LATE = prometheus.Counter(
    'karbor_runs_late',
    'Runs that this process has found not to have ended in their time.',
    registry=REGISTRY)
RUNS_MISSED = prometheus.Counter(
    'karbor_runs_missed',
    'Expected times that this process has found to be over when it looked.',
    registry=REGISTRY)

NOTIFICATIONS_LOST = prometheus.Counter(
    'karbor_notifications_lost',
    'Notifications that the bus did not take.', registry=REGISTRY)

REQUEST = prometheus.Histogram(
    'karbor_api_request_duration_seconds',
    'Time until an answer of the REST API began.', ['method', 'status'],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
    registry=REGISTRY)
