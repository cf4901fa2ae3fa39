"""Events of the daemon itself: start, services, configuration, clock."""

from __future__ import annotations

from maild.log.setup import LOG


def daemon_starting(*, version: str, config: str, sqlite: str) -> None:
    """The daemon read its configuration and starts its services."""
    LOG.info("daemon.starting", version=version, config=config, sqlite=sqlite)


def daemon_ready(*, smtpd: list[str], web: list[str], teams: int, took: float) -> None:
    """Every door is open, and where the pages are; `took` in seconds since the start."""
    LOG.info("daemon.ready", smtpd=smtpd, web=web, teams=teams, took=round(took, 3))


def daemon_draining(*, signal: str) -> None:
    """Doors close; what is on the wire may finish."""
    LOG.info("daemon.draining", signal=signal)


def daemon_stopped(*, code: int) -> None:
    """The daemon ended."""
    LOG.info("daemon.stopped", code=code)


def service_failed(*, service: str, error: BaseException, again_in: float) -> None:
    """One service failed; it starts again, the others go on."""
    LOG.error("service.failed", service=service, again_in=again_in, exc_info=error)


def store_broken(*, reason: str) -> None:
    """A write could not be made durable; the daemon ends, since the state on disk is unknown."""
    LOG.error("store.broken", reason=reason)


def book_reloaded(*, teams: int, changed: list[str]) -> None:
    """Teams and rules were read again."""
    LOG.info("book.reloaded", teams=teams, changed=changed)


def book_kept(*, problems: list[str]) -> None:
    """The new configuration is wrong; the old rules stay."""
    LOG.error("book.kept", problems=problems)


def labels_reloaded(*, words: int) -> None:
    """Words of yours by which figures on pages are found were read again."""
    LOG.info("labels.reloaded", words=words)


def team_went_live(*, team: str, released: int) -> None:
    """Shadow mode ended for a team."""
    LOG.info("team.went_live", team=team, released=released)


def clock_failed(*, schedule: str, error: BaseException) -> None:
    """A schedule's short work failed; it is tried again at the next tick."""
    LOG.error("clock.failed", schedule=schedule, exc_info=error)


def clock_skipped(*, schedule: str, period: str, reason: str) -> None:
    """A period was missed and is not made up for, unless by `maild schedule run`."""
    LOG.warning("clock.skipped", schedule=schedule, period=period, reason=reason)


def run_done(*, schedule: str, period: str, result: str, took: float) -> None:
    """The long work of a period is done; `took` in seconds."""
    LOG.info("run.done", schedule=schedule, period=period, result=result, took=took)


def run_deferred(*, schedule: str, period: str, again_in: float, error: BaseException) -> None:
    """The work of a period failed and is tried again after `again_in` seconds."""
    LOG.warning("run.deferred", schedule=schedule, period=period, again_in=again_in, exc_info=error)


def run_failed(*, schedule: str, period: str, error: BaseException) -> None:
    """The work of a period failed for good; `maild schedule run` tries again."""
    LOG.error("run.failed", schedule=schedule, period=period, exc_info=error)
