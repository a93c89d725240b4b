# SPDX-License-Identifier: Apache-2.0
"""Build of the reference of the REST API."""

extensions = ['openstackdocstheme', 'os_api_ref']
project = 'Data Protection API Reference'
copyright = 'OpenStack Foundation'
root_doc = 'index'
exclude_patterns = ['v1/*.inc']
pygments_style = 'native'
html_theme = 'openstackdocs'
html_theme_options = {'sidebar_mode': 'toc'}
html_context = {'bug_project': 'karbor', 'bug_tag': 'api-ref'}
openstackdocs_repo_name = 'openstack/karbor'
openstackdocs_auto_name = False
openstackdocs_bug_project = 'karbor'
openstackdocs_bug_tag = 'api-ref'
