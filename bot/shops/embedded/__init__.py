"""The shop that is our own database: what the merchant's system brings over the API or in a file (`contract.md`)."""
