"""The merchant's web page: workbench, records, sign-up, permissions, batch."""
