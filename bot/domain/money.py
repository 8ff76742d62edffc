"""Money: whole fen in storage and arithmetic, never a float (`product.md`, F)."""


def yuan(fen: int) -> str:
    """`126000` → `"1,260.00"`: two decimals always, thousands grouped (console README 7)."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}{whole:,}.{rest:02d}"
