"""How Sphinx builds the manual from the Markdown in this folder, see `make docs`.

The result is read from the disk, so it names nothing on the network.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

project = "Flowbrush"
author = "Flowbrush contributors"
extensions = ["myst_parser"]
exclude_patterns: list[str] = []
templates_path: list[str] = []

myst_heading_anchors = 3  # as GitHub names them, so that links hold there too
suppress_warnings: list[str] = []

html_theme = "furo"
html_title = "Flowbrush"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_theme_options = {"navigation_with_keys": True}

TROUBLES = "troubleshooting"
REDIRECT = """<!doctype html>
<meta charset="utf-8">
<title>{code}</title>
<meta http-equiv="refresh" content="0; url=../{page}.html#{place}">
<a href="../{page}.html#{place}">{code}</a>
"""


def write_redirects(app: Sphinx, failed: Exception | None) -> None:
    """Writes a page for every error code that leads to its place.

    Systems that hand a file's address to the browser leave out what follows `#`.
    """
    if failed is not None:
        return
    folder = Path(app.outdir, "errors")
    folder.mkdir(exist_ok=True)
    source = Path(app.srcdir, f"{TROUBLES}.md").read_text("utf-8")
    for code in re.findall(r"^## (\w+)$", source, re.MULTILINE):
        text = REDIRECT.format(page=TROUBLES, code=code, place=place_of(code))
        (folder / f"{code}.html").write_text(text, "utf-8")


def place_of(code: str) -> str:
    """What Sphinx calls the section of that name."""
    return code.replace("_", "-")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("build-finished", write_redirects)
