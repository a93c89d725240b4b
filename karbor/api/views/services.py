# SPDX-License-Identifier: Apache-2.0
"""How a service is shown."""

from typing import Any

from karbor.model.service import Service
