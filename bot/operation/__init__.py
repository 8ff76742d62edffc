"""What whoever keeps the bot running sees of it: one id per request, a line per answer, and the figures."""
