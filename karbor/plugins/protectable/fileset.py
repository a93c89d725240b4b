# SPDX-License-Identifier: Apache-2.0
"""File sets: which ones a project has."""

from karbor.plugins.filetree import registry
from karbor.plugins.protectable.registered import RegisteredProtectable


class FileSetProtectable(RegisteredProtectable[registry.FileSet]):
    """Answers for ``Karbor::FileSet``."""

    option_group = registry.OPTION_GROUP
    options = registry.OPTIONS
    resource_type = registry.RESOURCE_TYPE
    registry_class = registry.FileSets
