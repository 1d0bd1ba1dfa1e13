"""From messages to the effective facts of one person, in fold order (docs/domain.md 4.1 to 4.3)."""

import json

import civil
from reference import Refused

RANKS = {
    "cpr_replaced": 1, "residence_changed": 1, "person_attributes_recorded": 1,
    "health_check_completed": 2, "diagnosis_recorded": 2, "diagnosis_excluded": 2,
    "measurement_recorded": 3, "questionnaire_answered": 3,
    "stratification_assessed": 4, "referral_sent": 5, "referral_revoked": 6, "visitation_decided": 6,
    "intervention_started": 8, "intervention_attended": 9, "intervention_stopped": 10,
    "pathway_plan_changed": 11.1, "pathway_closed": 11.3, "patient_declined": 11.4,
    "coordination_assigned": 11.5, "coordination_ended": 11.5, "self_treatment_changed": 11.6,
    "hospital_stay_started": 12.0, "leave_started": 12.1, "leave_ended": 12.2, "hospital_stay_ended": 12.3,
    "discharge_report_received": 12.4, "person_deceased": 13,
}  # fmt: skip
INTERVIEW_RANKS = {"INITIAL": 7, "NEEDS": 7, "FINAL": 11.0, "FOLLOW_UP": 11.2}
NO_CONTENT = ("event_id", "recorded_at_ms", "adapter_revision")
FIVE_MINUTES = 5 * 60 * 1000


def word(value, prefix):
    """The enumerator without the prefix that protobuf gives it."""
    return (value or "").removeprefix(prefix)


class Event:
    """One message, as native JSON of one line."""

    def __init__(self, raw, arrival):
        self.raw, self.arrival = raw, arrival
        self.person = raw["person_key"]
        self.key = (raw["source_system"], raw["source_message_id"])
        self.version = (int(raw.get("source_version", 0)), raw.get("adapter_revision", 1))
        self.op = word(raw["op"], "OP_")
        self.type = next((k for k in RANKS if k in raw), "")
        self.content = raw.get(self.type, {})
        self.at, self.recorded = int(raw.get("occurred_at_ms", 0)), int(raw.get("recorded_at_ms", 0))
        self.date_only = raw.get("time_precision") == "TIME_PRECISION_DATE"
        self.date = civil.date_of(self.at)
        self.time = civil.end_of_day(self.date) if self.date_only else self.at
        self.values = {}  # measure key -> value, filled by check()

    def same_content(self, other):
        return all(
            self.raw.get(k) == other.raw.get(k) for k in set(self.raw) | set(other.raw) if k not in NO_CONTENT
        )

    def rank(self):
        if self.type == "interview_held":
            return INTERVIEW_RANKS[word(self.content.get("kind"), "INTERVIEW_KIND_")]
        return RANKS[self.type]

    def sort_key(self):
        return (self.time, self.rank(), self.key[0].encode(), self.key[1].encode())

    def visible(self, as_of):
        return self.date <= civil.date_of(as_of) if self.date_only else self.at <= as_of

    def check(self, reference):
        """Raises Refused where the record is to be quarantined."""
        if self.date_only:
            if self.date > civil.date_of(self.recorded):
                raise Refused("TIME_FUTURE")
        elif self.at > self.recorded + FIVE_MINUTES:
            raise Refused("TIME_FUTURE")
        birth = self.raw.get("birth_date_days")
        if birth is not None and self.date < birth:
            raise Refused("BEFORE_BIRTH")
        if self.op == "CANCEL":
            return
        if self.type == "measurement_recorded":
            key, value = reference.measured(self.content)
            self.values[key] = value
        elif self.type == "questionnaire_answered":
            for score in self.content.get("scores", ()):
                self.values[score["measure_key"]] = reference.score(score["measure_key"], score.get("value", 0))
            if self.values.get("START_PSYCH", 0) > self.values.get("START_TOTAL", 99):
                raise Refused("SUBSCORE")


RANKS["interview_held"] = 7  # see Event.rank()


def read(path):
    """person key -> messages in order of arrival."""
    people = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file):
            raw = json.loads(line)
            if "person_key" not in raw:
                continue  # a report by an organisation
            event = Event(raw, number)
            people.setdefault(event.person, []).append(event)
    return people


def effective(messages, reference, as_of, counts):
    """The facts that hold, in fold order. `counts` is told what became of the others."""
    facts, owners = {}, {}
    for event in messages:
        try:
            event.check(reference)
            if owners.setdefault(event.raw["event_id"], event.key) != event.key:
                raise Refused("EVENT_ID_REUSED")
            first = facts.setdefault(event.key, {}).setdefault(event.version, event)
            if first is event:
                continue
            if not first.same_content(event):
                raise Refused("VERSION_CONFLICT")
            counts["duplicate"] += 1
        except Refused as refusal:
            counts[str(refusal)] += 1
    holding = []
    for versions in facts.values():
        counts["superseded"] += len(versions) - 1
        latest = versions[max(versions)]
        if latest.op == "CANCEL":
            counts["cancelled"] += 1
        elif latest.visible(as_of):
            holding.append(latest)
    return sorted(holding, key=Event.sort_key)


def without_contradictions(events):
    """BP_ORDER and FEV_ORDER: the values of one sort time that contradict each other are left out (6.4 and 16)."""
    at_one_time = {}
    for event in events:
        for key, value in event.values.items():
            if key in ("SBP", "DBP", "FEV1", "FVC"):
                at_one_time.setdefault(event.time, []).append((key, value, event))
    for found in at_one_time.values():
        wrong = []
        for a, low, one in found:
            for b, high, other in found:
                if (a, b) == ("DBP", "SBP") and low >= high or (a, b) == ("FEV1", "FVC") and low > high:
                    wrong += [(one, a), (other, b)]
        for event, key in wrong:
            event.values.pop(key, None)
    return events
