"""The clock: work that is owed once a period, done once, whatever happens to the process.

A `Schedule` says which periods there are and when the work of each is due. The `Clock` ticks once a
minute and writes what is owed: a row (schedule, period) in the transaction of the work itself, or, for
long work, a row that `Runs` takes up under a lease. The rows are the truth; APScheduler only rings.

How a part of maild gets work of its own done by the clock: give it a `Schedule` in `maild.schedules`,
with either `job`, a short function of the transaction, or `work`, the name of long work. For the
latter register `async def make(run: Run) -> str` under that name in `maild.works`; it returns a line
for people on what came of it. It is called at least once. To do its work exactly once it writes it in
one transaction with `maild.store.runs.finish(tx, run, ...)`, and raises where that says False.
"""
