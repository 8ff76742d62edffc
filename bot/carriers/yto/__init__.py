"""圆通 YTO by its own open platform."""
