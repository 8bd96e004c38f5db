"""How the house writes times, by language."""
