"""Which question a message asks, and which facts answer it (Q)."""
