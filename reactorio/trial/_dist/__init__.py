"""Tests in several processes: so far, what their parts are put together with."""
