"""How the starter model was made, so that anyone can make it again.

Blender renders scenes (`scenes`), filters paint them (`examples`, `filters`), a small diffusion model learns from these
(`network`, `train`), is written as Flowbrush ships it (`export`) and is looked at (`judge`).
"""
