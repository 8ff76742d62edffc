"""Who moves due rows on. They know no carrier and no rule: they are handed the moves."""
