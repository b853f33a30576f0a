"""Painters make stylized pictures from conditions, an initial picture, a mask and a prompt."""

from .painter import Painter, PaintRequest

__all__ = ["PaintRequest", "Painter"]
