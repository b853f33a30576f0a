"""What a user can do, one file a verb. Thin: check, call `scene` or the backend's client, report."""
