"""中通 ZTO by its own open platform."""
