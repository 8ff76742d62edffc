"""抖店 Doudian: after-sales, agreeing to a refund, and the platform's own way to the carriers."""
