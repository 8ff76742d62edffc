"""Chatwoot: private notes beside a customer's conversation."""
