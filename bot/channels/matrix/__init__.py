"""Matrix, as an application service: text, reactions, edited messages."""
