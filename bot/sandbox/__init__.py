"""Loopback twins of the carriers and of the shop platform, with their own wire protocols, signatures and faults.

Written from the protocol pages alone; shares no line with the clients that talk to it (ruling 13).
"""
