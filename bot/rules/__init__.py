"""Eligibility, charging, compensation and the reading of traces: pure functions, each naming its clause."""
