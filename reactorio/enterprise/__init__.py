"""Databases: DB-API modules behind a pool of threads (`adbapi`)."""
