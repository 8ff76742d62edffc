"""The life of one interception: its legal moves, the transactions that make them, and who may start it."""
