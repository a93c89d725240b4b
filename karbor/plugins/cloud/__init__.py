# SPDX-License-Identifier: Apache-2.0
"""What the plugins of an OpenStack cloud share."""
