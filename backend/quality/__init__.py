"""How steady a take is, and pictures that show it."""
