"""The report of a take: one page that shows what was measured of it, and the take beside the render."""
