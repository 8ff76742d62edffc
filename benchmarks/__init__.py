"""The measured goals of this bot, side by side with what a plain solution of the same job reaches.

`make bench` runs all of them and prints one table; `docs/benchmarks.md` says how to read it. Nothing here is a test: a
figure depends on the machine, so only ratios within one interleaved run and processor time are compared.
"""
