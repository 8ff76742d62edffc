"""韵达 Yunda by a private interface, agreed with the carrier: nothing of it is public."""
