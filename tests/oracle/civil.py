"""Civil time in Europe/Copenhagen (docs/domain.md 0.2): dates are days since 1970-01-01, instants milliseconds since then."""

import datetime
import functools
import zoneinfo

ZONE = zoneinfo.ZoneInfo("Europe/Copenhagen")
EPOCH = datetime.date(1970, 1, 1)
UTC_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
HOUR = 3_600_000
AGE_BANDS = ((17, "0-17"), (29, "18-29"), (44, "30-44"), (64, "45-64"), (74, "65-74"), (84, "75-84"))


def as_date(days):
    return EPOCH + datetime.timedelta(days=days)


def days_of(date):
    return (date - EPOCH).days


@functools.lru_cache(maxsize=1 << 20)
def date_of(ms):
    """The civil date of an instant."""
    return days_of((UTC_EPOCH + datetime.timedelta(milliseconds=ms)).astimezone(ZONE).date())


@functools.lru_cache(maxsize=1 << 16)
def start_of_day(days):
    d = as_date(days)
    at = datetime.datetime(d.year, d.month, d.day, tzinfo=ZONE).astimezone(datetime.timezone.utc)
    return int((at - UTC_EPOCH) / datetime.timedelta(milliseconds=1))


def end_of_day(days):
    return start_of_day(days + 1) - 1


def completed_years(birth, days):
    """A person born 29 February turns a year older on 1 March in other years."""
    b, d = as_date(birth), as_date(days)
    return d.year - b.year - ((d.month, d.day) < (b.month, b.day))


def age_band(age):
    if age is None:
        return "UNKNOWN"
    return next((name for last, name in AGE_BANDS if age <= last), "85+")


def quarter_of(days):
    """A quarter is year * 4 + (0 to 3), so that quarters can be counted with."""
    d = as_date(days)
    return d.year * 4 + (d.month - 1) // 3


def first_day(quarter):
    return days_of(datetime.date(quarter // 4, quarter % 4 * 3 + 1, 1))


def last_day(quarter):
    return first_day(quarter + 1) - 1


def quarter_text(quarter):
    return f"{quarter // 4}Q{quarter % 4 + 1}"
