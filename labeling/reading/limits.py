"""How much of anything is read at once: what keeps memory flat, whatever is sent."""

LONGEST_ROW = 8 * 1024**2
DEEPEST = 64
LONGEST_NUMBER = 15  # digits that a double holds exactly, whatever they are
RAW_KEPT = 64 * 1024
EXCERPT = 200
