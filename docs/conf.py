"""Settings of Sphinx, which makes the documentation site (`make docs`).

The source folder is the root of the repository, so that the site shows the
READMEs of the methods and CONTRIBUTING.md where they are, and a relative link
means the same on the site and in the repository.
"""

project = 'multimodal_rs'
author = 'The multimodal_rs contributors'
root_doc = 'docs/index'
html_title = project
html_theme = 'furo'
html_copy_source = False
html_show_sourcelink = False
# Visitors of the root of the site are sent to docs/index.html.
html_additional_pages = {'index': 'redirect.html'}
templates_path = ['templates']

extensions = ['myst_parser', 'sphinxcontrib.mermaid']
include_patterns = [
    'docs/**',
    'configs/*/README.md',
    'projects/multimodal_rs/ops/README.md',
    'benchmarks/README.md',
    'experiments/README.md',
    'CONTRIBUTING.md',
]
# docs/README.md is what docs/index.rst shows.
exclude_patterns = ['docs/README.md', 'docs/templates/**']
# The anchors of headings, as the web pages of repositories make them.
myst_heading_anchors = 4
myst_fence_as_directive = ['mermaid']
