"""Reading what customers send, whatever its format: a stream in, rows and faults out. Pure, and never a whole file at once."""
