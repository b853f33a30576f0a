"""Ends a test run in the bpy module before it takes itself apart: some versions crash there, after all tests passed."""

import os
import sys

import pytest

_status = 0


def pytest_sessionfinish(exitstatus: int) -> None:
    global _status
    _status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status)
