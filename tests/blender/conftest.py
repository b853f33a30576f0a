"""Ends a test run in the bpy module before it takes itself apart: some versions crash there, after all tests passed.

Adds `--seeds`, which random scenes `test_fuzz.py` builds.
"""

import os
import sys

import pytest

_status = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=_seeds, help="first:end or one, e.g. 0:200 or 17")


def _seeds(text: str) -> range:
    first, _, end = text.partition(":")
    return range(int(first), int(end) if end else int(first) + 1)


def pytest_sessionfinish(exitstatus: int) -> None:
    global _status
    _status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status)
