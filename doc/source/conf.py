# SPDX-License-Identifier: Apache-2.0
"""Build of the documents."""

from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).parent / '_ext'))

# first of all: it makes oslo.service use threads before any other library,
# whose options are shown below, makes it choose otherwise
from karbor.version import version_info  # noqa: E402

extensions = [
    'notifications',
    'openstackdocstheme',
    'oslo_config.sphinxconfiggen',
    'oslo_config.sphinxext',
    'oslo_policy.sphinxext',
    'oslo_policy.sphinxpolicygen',
    'sphinx.ext.autodoc',
    'states_table',
]

project = 'Karbor'
copyright = 'OpenStack Foundation'
version = version_info.canonical_version_string()
release = version_info.release_string()
openstackdocs_auto_version = False
root_doc = 'index'
exclude_patterns = []
pygments_style = 'native'
html_theme = 'openstackdocs'
html_static_path = ['_static']
html_css_files = ['karbor.css']
html_last_updated_fmt = None

openstackdocs_repo_name = 'openstack/karbor'
openstackdocs_auto_name = False
openstackdocs_bug_project = 'karbor'
openstackdocs_bug_tag = 'documentation'
openstackdocs_pdf_link = False

autodoc_member_order = 'bysource'
autodoc_typehints = 'description'
autodoc_typehints_description_target = 'documented'
nitpicky = False

_top = Path(__file__).parents[2]
config_generator_config_file = [
    (str(_top / 'etc/config-generator.conf'), '_static/karbor')]
policy_generator_config_file = [
    (str(_top / 'etc/policy-generator.conf'), '_static/karbor')]
