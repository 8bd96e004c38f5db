"""The foundation every app stands on: people and keys, the database, locks, transitions, events, jobs, errors, bases."""
