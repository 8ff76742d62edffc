"""Slack: slash command, buttons, mentions."""
