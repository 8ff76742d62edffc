"""E-commerce platforms that after-sales come from, and the platform's own way to a carrier."""
