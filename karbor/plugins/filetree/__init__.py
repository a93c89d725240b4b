# SPDX-License-Identifier: Apache-2.0
"""Trees of files: who may use which, and how one becomes an archive."""
