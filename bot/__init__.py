"""The interception bot: one folder per room, see README.md for the picture and bot/app.py for the wiring."""
