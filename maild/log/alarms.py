"""Events of alarms: what a person must see to, and whether somebody was told."""

from __future__ import annotations

from maild.log.setup import LOG


def alarm_opened(*, alarm: str, reason: str) -> None:
    """A person must see to something; it stands until the trouble is gone."""
    LOG.error("alarm.opened", alarm=alarm, reason=reason)


def alarm_closed(*, alarm: str) -> None:
    """The trouble is gone."""
    LOG.info("alarm.closed", alarm=alarm)


def alarm_told(*, road: str, alarms: int) -> None:
    """Somebody was told, on this road of [alarm]."""
    LOG.info("alarm.told", road=road, alarms=alarms)


def alarm_road_failed(*, road: str, reason: str) -> None:
    """A road of [alarm] did not work; the next one is tried."""
    LOG.warning("alarm.road_failed", road=road, reason=reason)


def alarm_untold(*, alarms: int, again_in: float) -> None:
    """No road of [alarm] worked, so nobody knows; all are tried again."""
    LOG.error("alarm.untold", alarms=alarms, again_in=again_in)
