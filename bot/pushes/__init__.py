"""What carriers and shop platforms push: verified over the very bytes that came, kept, and only then acknowledged."""
