"""The demo: three companies with half a year behind them, and a page to try things from.

Nothing here is used by the daemon, which runs in a process of its own as it would anywhere.
"""
