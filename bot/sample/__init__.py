"""The sample shop of `--demo`: every rule passing and failing, every stage, every outcome (`contract.md`)."""
