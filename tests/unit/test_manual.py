"""The manual in the zip: a place for every error, and nothing that is fetched from the network."""

import re
from pathlib import Path

import flowbrush
import pytest
from flowbrush.backend.errors import Code

MANUAL = Path(flowbrush.__file__).parent / "manual"
MOST = 6_000_000  # bytes, pictures included: it comes with every installation
FETCHED = re.compile(r"""(?:src=|@import |url\(|<link[^>]*href=)\s*["']?(?:https?:)?//""")

pytestmark = pytest.mark.skipif(not MANUAL.is_dir(), reason="`make build` puts the manual into the zip")


def test_every_error_has_its_place_and_no_place_is_of_an_error_that_is_gone() -> None:
    text = (MANUAL / "troubleshooting.html").read_text("utf-8")
    page, *places = re.findall(r'<section id="([^"]+)"', text)
    assert page == "when-something-goes-wrong"
    assert places == [code.replace("_", "-") for code in Code], "in the order of the list"
    assert {path.stem for path in (MANUAL / "errors").iterdir()} == set(Code)
    for place in places:
        said = re.search(rf'<section id="{place}">.*?</section>', text, re.DOTALL)
        assert said and len(re.sub("<[^>]+>", "", said[0]).split()) > 20, f"{place} says too little"


def test_nothing_is_fetched_from_the_network() -> None:
    for path in MANUAL.rglob("*"):
        if path.suffix in (".html", ".css"):
            assert not FETCHED.search(path.read_text("utf-8")), path


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in MANUAL.rglob("*") if path.is_file()) < MOST
