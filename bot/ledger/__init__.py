"""Money after a success: the fee, charged once (F2), and what later corrects it."""
