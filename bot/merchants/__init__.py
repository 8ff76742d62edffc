"""Our shops: agreements signed, people, sessions, API keys, and who may do what (R3, R11, U3, U10)."""
