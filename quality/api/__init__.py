"""Quality's part of the desk: asking for a ruling, and reading what was ruled."""
