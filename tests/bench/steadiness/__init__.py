"""The parts of the benchmark `steadiness.py`."""
