"""Makes, repairs and removes the worker's Python environment. Standard library only: Blender's Python runs it too."""
