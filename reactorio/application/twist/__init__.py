"""The launcher ``twist``: a plugin's service in the foreground, as containers and supervisors like it."""
