"""Footage: movies and image sequences become shots whose motion and conditions are estimated from the pictures."""
