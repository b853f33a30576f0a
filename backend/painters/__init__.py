"""Painters make stylized pictures from conditions, an initial picture, a mask and a prompt."""
