"""Invented citizens at each point of a pathway, so that every clinical timer runs for enough of them to be served, and a quarter
has figures to publish. Their stories are those of data/samples/native, cut off at an event and moved in time.

They must be alone when figures are made: every count of them and every difference of two is 0 or seven and more, so nothing is
suppressed. One citizen more can hide a figure of fifty: alone in the class "education unknown" it takes a second class with it."""

import base64
import datetime
import json
import secrets

from .common import ROOT

SAMPLES = ROOT / "data/samples/native"
# Citizens a story, by municipality: three regions of different size, each of them too large to be hidden.
HOMES = {"0751": 11, "0101": 9, "0851": 7}


def story(name, until=None, without=()):
    """[(days since the story began, event)] up to the first event of the kind UNTIL."""
    out, begin = [], None
    for line in (SAMPLES / f"{name}.ndjson").read_text().splitlines():
        event = json.loads(line)
        kind = next(key for key, value in event.items() if isinstance(value, dict))
        at = datetime.datetime.fromisoformat(event["occurred_at"]).replace(tzinfo=None)
        begin = begin or at
        if kind not in without:
            out.append(((at - begin).total_seconds() / 86400, event))
        if kind == until:
            break
    return out


def ending(events, days_ago, now):
    """The same story, so that its last event was so many days ago."""
    last = events[-1][0]
    return [(now - datetime.timedelta(days=days_ago + last - day), event) for day, event in events]


def event_of(kind, **content):
    return {"source_system": "PRAKSIS", "source_version": 1, "op": "OP_CREATE", "sender_org": "990000000000101", kind: content}


def assessed(level):
    return event_of("stratification_assessed", programme="KOL", level=level, assessor_role="GP")


def stories(now, quarter_start):
    """Every citizen's [(instant, event)]."""
    complete, interrupted = "kol-complete-pathway", "kol-exacerbation-and-dropout"
    lately = now - datetime.timedelta(days=5)
    for days in (3, 20):
        yield ending(story(complete, "referral_sent"), days, now)
    yield ending(story(complete, "referral_sent", without=("stratification_assessed",)), 40, now)  # no level either
    yield ending(story(complete, "visitation_decided"), 45, now)
    yield ending(story(complete, "interview_held"), 90, now)
    yield ending(story(complete, "intervention_attended"), 60, now)  # silent since
    yield ending(story(interrupted, "intervention_stopped"), 10, now)  # a discharge without follow-up
    yield ending(story(interrupted)[:-1], 10, now)  # dropped out
    known = story(complete, "coordination_assigned")
    for level in (3, 1):
        yield [*ending(known, 200, now), (lately, assessed(level))]
    saturation = event_of("measurement_recorded", code_system="NPU", code="NPU03011", numeric=94, unit="%")
    yield [*ending(known, 500, now), (lately, saturation)]  # the level is old
    for code in ("10", "60"):  # short and long education; of each half are taken in, and half measured
        for until, without in ((None, ()), ("referral_sent", ("measurement_recorded",))):
            begun = [(quarter_start + datetime.timedelta(days=1 + day / 2), event) for day, event in story(complete, until, without)]
            yield [(quarter_start, event_of("person_attributes_recorded", education_code=code)), *[(at, e) for at, e in begun if at < now]]


def settled_quarter(now):
    """Name and first day of the quarter before the last one. On whatever day the test runs, these citizens' stories have ended and their
    uptake is known, which takes 90 days; that of the last quarter is not yet in the first days of a new one."""
    index = 4 * now.year + (now.month - 1) // 3 - 2
    return f"{index // 4}Q{index % 4 + 1}", datetime.datetime(index // 4, 3 * (index % 4) + 1, 1)


def events(now):
    """Lines for `kronika publish`."""
    number = 0
    homes = [home for home, count in HOMES.items() for _ in range(count)]
    for one in stories(now, settled_quarter(now)[1]):
        for home in homes:
            number += 1
            key = base64.b64encode(secrets.token_bytes(16)).decode()
            for i, (at, event) in enumerate(one):
                text = at.strftime("%Y-%m-%dT%H:%M:%SZ")
                line = {name: value for name, value in event.items() if name != "cpr"}
                line.update(person_key=key, birth_date="1950-05-17", sex="SEX_FEMALE", occurred_at=text, recorded_at=text,
                            source_message_id=f"planted-{number}-{event.get('source_message_id', i)}", residence_municipality=home, simulated=True)
                if event["op"] == "OP_REVISE":
                    line["source_version"] = 2
                yield json.dumps(line)
