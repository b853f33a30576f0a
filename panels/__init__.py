"""What a user sees, one file an editor. Draws properties, decides nothing."""
