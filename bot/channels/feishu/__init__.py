"""飞书: messages to the bot, cards with forms, changed in place."""
