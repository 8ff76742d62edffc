"""The HTTP API of `contract.md`: a merchant's own system asks, tells and looks things up."""
