# SPDX-License-Identifier: Apache-2.0
"""Build of the release notes."""

extensions = ['openstackdocstheme', 'reno.sphinxext']
project = 'Karbor Release Notes'
copyright = 'OpenStack Foundation'
# release notes belong to no version
release = ''
version = ''
root_doc = 'index'
exclude_patterns = []
pygments_style = 'native'
html_theme = 'openstackdocs'
openstackdocs_repo_name = 'openstack/karbor'
openstackdocs_auto_name = False
openstackdocs_bug_project = 'karbor'
openstackdocs_bug_tag = 'releasenotes'
