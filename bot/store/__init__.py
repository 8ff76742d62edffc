"""Tables, one file per noun, and the two ways to them: `write` and `read` (`database.py`)."""
