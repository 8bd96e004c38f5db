"""Django's connection to PostgreSQL, as this house uses it."""
