"""What a user sets and what the panels show: the property groups, a file each."""
