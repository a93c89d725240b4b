# SPDX-License-Identifier: Apache-2.0
"""How the databases that Karbor knows are dumped and loaded."""
