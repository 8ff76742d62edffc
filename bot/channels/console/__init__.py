"""The console's own chat: staff and the bot talk beside an after-sale; the buyer never sees it (ruling 16)."""
