"""The way in: doors, and the one desk behind them."""
