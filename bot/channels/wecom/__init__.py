"""企业微信, its 智能机器人 (aibot) over callbacks."""
