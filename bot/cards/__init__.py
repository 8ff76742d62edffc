"""Which facts and buttons a card shows; the words come from `templates/`."""
