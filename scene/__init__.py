"""Reads and changes the Blender scene; knows nothing of the user interface."""
