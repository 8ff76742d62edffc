"""The words that everyone shares: value types only, no behaviour that needs another room."""
