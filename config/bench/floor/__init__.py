"""The floor that claims are measured against: a bare, token-authenticated DRF service that claims and inserts by raw SQL.

It does nothing else of what Assay does: no permissions, leases, events, validation, log of reads. It runs as Assay does on
the same machine: gunicorn, two sync workers, persistent connections to the same PostgreSQL.
"""
