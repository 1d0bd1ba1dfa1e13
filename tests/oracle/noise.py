#!/usr/bin/env python3
"""Invented people to whom everything happens: native events of every type that the fold knows, one JSON object a line.

The simulator tells plausible lives; this tells implausible ones, so that every row of the state machine is met from every
state: a care path for some programmes, of which steps are missing, doubled, moved in time or of another programme, among
random events; moves there and back, takeovers, plans, exclusions, contradicting values, units, coarse times, equal times,
deaths in the middle, contacts that overlap, revisions, cancellations, conflicts and resends. Valid in form, apart from what
the checks of docs/domain.md 4.3 name and the oracle reads.

  noise.py --people 500 --seed 1 --until MS > FILE
"""

import argparse
import base64
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import civil  # noqa: E402
import reference  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAY = 24 * civil.HOUR
YEARS = 3
WINDOWS = (0, 7, 14, 28, 30, 60, 90, 182, 365, 730)  # of the specification: a day off is to be noticed
HOMES = ["0751", "0740", "0791", "0101", "0265", "0851", "0461", "0411"]
SERVICES = ("MUNICIPAL_REHAB", "NON_SPECIFIC_MUNICIPAL", "HOSPITAL_REHAB", "HOSPITAL_OUTPATIENT", "GP_FOLLOWUP",
            "SELF_CARE_OFFER")  # fmt: skip
MAINS = ["DJ440", "DJ449", "DJ189", "DJ969", "DI210", "DI219", "DI509", "DE109", "DE119", "DE869", "DL899", "DO800",
         "DM545", "DS720", "DJ459"]  # fmt: skip
OTHER_KEY = 1_000_000
CODED = {"SMOKING": ("MCS", "MCS88174", ("DAILY", "NEVER")), "EYE_EXAM": ("MCS", "MCS88152", ("DONE", "NOT_DONE")),
         "FOOT_EXAM": ("MCS", "MCS88153", ("DONE", "NOT_DONE"))}  # fmt: skip
NUMERIC = [
    ("NPU", "NPU27300", [("mmol/mol", 38, 90), ("%", 5, 10)]), ("NPU", "NPU27300", [("mmol/mol", 47, 49)]),
    ("NPU", "NPU27300", [("mmol/mol", 57, 60), ("mmol/mol", 74, 76)]), ("NPU", "DNK05472", [("mm[Hg]", 138, 142)]),
    ("NPU", "DNK05472", [("mm[Hg]", 90, 190), ("mmHg", 120, 150)]), ("NPU", "DNK05473", [("mm[Hg]", 60, 130)]),
    ("NPU", "NPU19661", [("mg/g", 0, 400), ("mg/mmol", 0, 40)]), ("MCS", "MCS88021", [("{score}", 1, 5), ("", 1, 5)]),
    ("KRONIKA", "MMRC", [("{score}", 0, 4)]), ("NPU", "NPU03804", [("kg", 50, 120), ("g", 50000, 120000)]),
    ("LOINC", "39156-5", [("kg/m2", 18, 40)]), ("KRONIKA", "WAIST", [("cm", 60, 130), ("m", 1, 1)]),
    ("SNOMED", "1144649008", [("m", 100, 600)]), ("MCS", "MCS88050", [("1", 5, 25)]),
    ("MCS", "MCS88156", [("W", 40, 300)]), ("KRONIKA", "SATISFACTION", [("{score}", 1, 5)]),
    ("LOINC", "22748-8", [("mmol/L", 1, 5), ("mg/dL", 40, 200)]), ("MCS", "MCS88017", [("1", 0, 1), ("%", 40, 95)]),
    ("MCS", "MCS88173", [("{score}", 0, 100)]),
]  # fmt: skip


def key_of(number):
    return base64.b64encode(number.to_bytes(16, "big")).decode()


class Writer:
    """The messages of one person."""

    def __init__(self, number, rng, ref, until, moves=False):
        self.rng, self.ref, self.until = rng, ref, until
        self.number = number
        self.keys = [key_of(number)]
        if moves and rng.random() < 0.15:  # numbers that were replaced: the last one is in force
            self.keys = [key_of(number + n * OTHER_KEY) for n in range(rng.choice((2, 2, 3)), 0, -1)]
        self.birth = civil.date_of(until) - rng.choice((20, 50, 68, 77, 88)) * 365 - rng.randrange(365)
        self.named = rng.random() < 0.95  # else a replacement number: neither birth date nor sex
        self.begin = until - YEARS * 365 * DAY
        self.home = rng.choice(HOMES)
        self.messages, self.facts = [], 0

    def moment(self, low=0.0, high=1.0):
        return int(self.begin + (self.until - self.begin) * self.rng.uniform(low, high))

    def window_from(self, anchor):
        """So many days after another event or before now, or a day more or less."""
        days = self.rng.choice(WINDOWS) + self.rng.choice((-1, 0, 0, 1, 1))
        if self.rng.random() < 0.3:
            return self.until - days * DAY
        if self.rng.random() < 0.3:  # before the end of a quarter
            quarter = civil.quarter_of(civil.date_of(self.moment(0.3)))
            return civil.start_of_day(civil.last_day(quarter) - days) + self.rng.randrange(DAY)
        return anchor + days * DAY + (self.rng.choice((-1, 0, 1)) * 4 * civil.HOUR)

    def org(self, sector=None, place=None):
        """An organisation of that kind, there if there is one."""
        found = [r for rs in self.ref.organisations.values() for r in rs if sector in (None, r["sector"])]
        return self.rng.choice([r for r in found if place in (None, r["municipality"])] or found)["sor_id"]

    def uuid(self):
        return base64.b64encode(self.rng.randbytes(16)).decode()

    def tell(self, at, kind, content, sender=None):
        rng = self.rng
        if rng.random() < 0.15:
            at = self.window_from(int(rng.choice(self.messages)["occurred_at_ms"]) if self.messages else self.until)
        at = max(self.begin, min(int(at), self.until))
        if rng.random() < 0.15:
            at -= at % civil.HOUR  # equal times are common in the world, too
        self.facts += 1
        e = {
            "event_id": self.uuid(), "source_system": rng.choice(("A", "B")),
            "source_message_id": f"{self.number}-{self.facts}", "source_version": "1", "op": "OP_CREATE",
            "schema_version": 1, "person_key": rng.choice(self.keys), "occurred_at_ms": str(at),
            "time_precision": "TIME_PRECISION_" + ("DATE" if rng.random() < 0.1 else "INSTANT"),
            "recorded_at_ms": str(at + rng.randrange(DAY)), "sender_org": sender or self.org(), "adapter_revision": 1,
            "simulated": True, kind: content,
        }  # fmt: skip
        if self.named:
            e.update(birth_date_days=self.birth, sex="SEX_MALE" if self.number % 2 else "SEX_FEMALE")
        if rng.random() < 0.3:
            e["residence_municipality"] = self.home
        self.send(e)

    def send(self, e):
        """The message, and what senders do to messages."""
        rng, self.messages = self.rng, [*self.messages, e]
        kind = rng.random()
        if kind < 0.03:  # again, recorded anew
            self.messages.append({**e, "event_id": self.uuid(), "recorded_at_ms": str(int(e["recorded_at_ms"]) + 5000)})
        elif kind < 0.06:  # corrected, perhaps before the first arrives; perhaps taken back at last
            moved = str(max(self.begin, int(e["occurred_at_ms"]) - rng.randrange(20 * DAY)))
            self.messages.append(
                {**e, "event_id": self.uuid(), "op": "OP_REVISE", "source_version": "2", "occurred_at_ms": moved}
            )
            if rng.random() < 0.3:
                self.messages.append({**e, "event_id": self.uuid(), "op": "OP_CANCEL", "source_version": "3"})
        elif kind < 0.08:
            self.messages.append({**e, "event_id": self.uuid(), "op": "OP_CANCEL", "source_version": "2"})
        elif kind < 0.09:  # the same version says something else: the first to arrive stays
            other = str(max(self.begin, int(e["occurred_at_ms"]) - DAY))
            self.messages.append({**e, "event_id": self.uuid(), "occurred_at_ms": other})
        elif kind < 0.1:  # a mended adapter
            other = str(max(self.begin, int(e["occurred_at_ms"]) - 2 * DAY))
            self.messages.append({**e, "event_id": self.uuid(), "occurred_at_ms": other, "adapter_revision": 2})

    # --- what happens

    def referral(self, at, programme, number, replaces=None, place=None):
        c = {
            "referral_id": f"R{number}", "receiver_org": self.org("MUNICIPALITY", place or self.home),
            "requested_service": "REQUESTED_SERVICE_" + self.rng.choice(SERVICES), "programme": programme,
        }  # fmt: skip
        if self.rng.random() < 0.1:
            c["receiver_org"] = self.org()
        if self.rng.random() < 0.15:
            del c["programme"]
            row = self.rng.choice([r for r in self.ref.diagnoses if r["programme"] == programme])
            c["diagnosis_codes"] = [{"system": row["system"], "code": row["code"]}]
        if replaces is not None:
            c["replaces_referral_id"] = f"R{replaces}"
        self.tell(at, "referral_sent", c)

    def diagnosis(self, at, programme):
        row = self.rng.choice([r for r in self.ref.diagnoses if r["programme"] == programme])
        system, code = row["system"], row["code"]
        if system == "SKS" and self.rng.random() < 0.3:
            system, code = "ICD-10", code[1:4] + "." + (code[4:] or "9")
        setting = self.rng.choice(("GP", "HOSPITAL", "GP", "OTHER"))
        c = {"code_system": system, "code": code, "setting": "DIAGNOSIS_SETTING_" + setting}
        self.tell(at, "diagnosis_recorded", c)

    def decision(self, at, number):
        c = {"referral_id": f"R{number}"}
        kind = self.rng.choice(("ACCEPT",) * 5 + ("REJECT", "FORWARD", "PRIORITY_CHANGE"))
        c["decision"] = "VISITATION_DECISION_" + kind
        if kind == "REJECT":
            c["reason"] = "full"
        if kind == "FORWARD":
            c["new_receiver_org"] = self.org("MUNICIPALITY", self.rng.choice(HOMES))
        if kind == "PRIORITY_CHANGE":
            c["priority"] = "PRIORITY_URGENT"
        self.tell(at, "visitation_decided", c)

    def interview(self, at, programmes, kind):
        sender = self.org("MUNICIPALITY", self.rng.choice((self.home, self.rng.choice(HOMES))))
        self.tell(at, "interview_held", {"kind": "INTERVIEW_KIND_" + kind, "programmes": programmes}, sender)

    def start(self, at, programmes, number):
        kinds = [k for k, r in self.ref.interventions.items() if r["event_type"] == "InterventionStarted"]
        c = {"intervention_id": f"I{number}", "programmes": programmes, "type": self.rng.choice(kinds)}
        self.tell(at, "intervention_started", c, self.org("MUNICIPALITY", self.rng.choice(HOMES)))

    def attend(self, at, programmes, number):
        c = {"intervention_id": f"I{number}", "programmes": programmes, "attended": self.rng.random() < 0.8}
        self.tell(at, "intervention_attended", c, self.org(None, self.rng.choice(HOMES)))

    def stop(self, at, programmes, number):
        c = {"intervention_id": f"I{number}", "programmes": programmes, "status": "STOP_STATUS_COMPLETED"}
        if self.rng.random() < 0.45:
            c.update(status="STOP_STATUS_CANCELLED", reason=self.rng.choice(sorted(self.ref.stop_reasons)))
        self.tell(at, "intervention_stopped", c)

    def plan(self, at, programmes):
        c = {"plan_id": f"P{self.rng.randrange(3)}", "programmes": programmes}
        c["category"] = "PLAN_CATEGORY_" + self.rng.choice(("INTERVENTION", "FOLLOW_UP"))
        c["status"] = "PLAN_STATUS_" + self.rng.choice(("ACTIVE", "COMPLETED", "CANCELLED"))
        if c["status"].endswith("CANCELLED"):
            c["reason"] = self.rng.choice(sorted(self.ref.stop_reasons))
        self.tell(at, "pathway_plan_changed", c)

    def measure(self, at, mark="NONE"):
        rng, c = self.rng, {}
        if rng.random() < 0.25:
            system, code, values = CODED[rng.choice(sorted(CODED))]
            c = {"code_system": system, "code": code, "coded": rng.choice(values)}
        else:
            system, code, units = rng.choice(NUMERIC)
            unit, low, high = rng.choice(units)
            value = rng.randint(low, high) if unit == "g" or rng.random() < 0.7 else round(rng.uniform(low, high), 1)
            c = {"code_system": system, "code": code, "numeric": value, "unit": unit}
            if not unit:
                del c["unit"]
        if code == "MCS88017":
            c["method"] = "POST_BRONCHODILATOR"
        if mark == "NONE" and rng.random() < 0.15:
            mark = rng.choice(("BASELINE", "END", "FOLLOW_UP"))
        if mark != "NONE":
            c["timepoint"] = "TIMEPOINT_" + mark
        if rng.random() < 0.02:
            c["preliminary"] = True
        self.tell(at, "measurement_recorded", c)

    def pressure(self, at):
        """Both values of one instant, which may contradict each other."""
        at -= at % civil.HOUR
        for code, low, high in (("DNK05472", 90, 160), ("DNK05473", 60, 110)):
            c = {"code_system": "NPU", "code": code, "numeric": self.rng.randint(low, high), "unit": "mm[Hg]"}
            self.tell(at, "measurement_recorded", c)

    def answer(self, at):
        name, key, most = self.rng.choice((("SATISFACTION", "SATISFACTION", 5), ("WHO5", "WHO5", 100)))
        score = {"measure_key": key, "value": self.rng.randint(1, most)}
        self.tell(at, "questionnaire_answered", {"instrument": "INSTRUMENT_" + name, "scores": [score]})

    def assess(self, at, programme):
        c = {"programme": programme, "level": self.rng.randint(1, 3), "assessor_role": "GP"}
        self.tell(at, "stratification_assessed", c)

    def stay(self, at):
        """One to three contacts; ends may be missing, named by episode, early, or doubled."""
        rng, number = self.rng, self.facts
        for n in range(rng.choice((1, 1, 2, 3))):
            named = n if rng.random() < 0.95 else 0  # an id that another contact has already
            c = {"contact_id": f"C{number}-{named}", "encounter_class": "ENCOUNTER_CLASS_" + rng.choice(("IMP", "EMER"))}
            c["episode_id"] = f"E{number}"
            if rng.random() < 0.4:
                c["acute"] = rng.random() < 0.8
            self.tell(at, "hospital_stay_started", c)
            end = at + rng.choice((2, 6, 11, 12, 30, 100, 400)) * civil.HOUR + rng.randrange(civil.HOUR)
            for _ in range(rng.choice((0, 1, 1, 1, 1, 2))):
                by = {"episode_id": c["episode_id"]} if rng.random() < 0.2 else {"contact_id": c["contact_id"]}
                disposition = rng.choice(("HOME",) * 8 + ("TRANSFER", "DECEASED"))
                late = rng.choice((0, 0, 0, -40, 90)) * civil.HOUR
                self.tell(end + late, "hospital_stay_ended", {**by, "disposition": "DISPOSITION_" + disposition})
            if rng.random() < 0.8:
                report = {"contact_id": c["contact_id"], "main_diagnosis": rng.choice(MAINS)}
                if rng.random() < 0.1:
                    report = {"episode_id": c["episode_id"], "main_diagnosis": rng.choice(MAINS)}
                if rng.random() < 0.4:
                    report["secondary_diagnoses"] = ["DJ440"]
                if rng.random() < 0.1:
                    report["procedures"] = ["KFNG02"]
                self.tell(end + rng.randrange(5 * DAY), "discharge_report_received", report)
            at = end + rng.choice((0, 1, 3, 4, 5, 50, 300)) * civil.HOUR

    def path(self, programme, at):
        """The steps of one course, some of them left out, doubled or too early."""
        rng, n = self.rng, self.facts
        gap = lambda most: rng.randrange(1, most) * DAY + rng.randrange(DAY)  # noqa: E731
        some = lambda p: rng.random() < p  # noqa: E731
        if some(0.6):
            self.diagnosis(at, programme)
        if some(0.5):
            self.assess(at + gap(20), programme)
        at += gap(30)
        if some(0.9):
            self.referral(at, programme, n)
        if some(0.15):
            self.referral(at + gap(20), programme, n + 1000, replaces=n if some(0.7) else n + 1)
        if some(0.2):
            self.move(at + gap(60))
        at += gap(25)
        if some(0.75):
            self.decision(at, n)
        if some(0.08):
            self.tell(at + gap(30), "referral_revoked", {"referral_id": f"R{n}"})
        at += gap(30)
        if some(0.75):
            self.interview(at, [programme], "INITIAL")
        if some(0.08):
            self.tell(at + gap(10), "patient_declined", {"programme": programme})
        for k in range(rng.choice((1, 1, 2))):
            begun = at + gap(40)
            if some(0.85):
                self.start(begun, [programme], f"{n}-{k}")
            for _ in range(rng.randrange(4)):
                self.attend(begun + gap(60), [programme], f"{n}-{rng.randrange(3)}")
            if some(0.7):
                self.stop(begun + gap(90), [programme], f"{n}-{k}")
        for _ in range(rng.randrange(4)):
            self.measure(at + gap(40), "BASELINE")
        at += gap(140)
        for _ in range(rng.randrange(4)):
            self.measure(at + gap(40) - 20 * DAY, "END")
        if some(0.6):
            self.interview(at, [programme], "FINAL")
        if some(0.5):
            self.answer(at + gap(90) - 20 * DAY)
        if some(0.4):
            self.interview(at + gap(60), [programme], "FOLLOW_UP")
        if some(0.3):
            self.plan(at + gap(60), [programme])
        if some(0.5):
            reason = rng.choice(("FULL", "FULL", "NO_NEED"))
            self.tell(at + gap(90), "pathway_closed", {"programme": programme, "reason": "CLOSE_REASON_" + reason})

    def move(self, at):
        to = self.rng.choice(HOMES)
        self.tell(at, "residence_changed", {"municipality": to})
        if self.rng.random() < 0.5:
            self.tell(at + self.rng.randrange(80) * DAY, "residence_changed", {"municipality": self.home})

    def edge(self, at, days):
        """So many days later, or one day more or less, at another time of day."""
        date = civil.date_of(int(at)) + days + self.rng.choice((-1, 0, 0, 1, 1))
        return civil.start_of_day(date) + self.rng.randrange(23 * civil.HOUR)

    def edges(self):
        """One rule at the edge of its window or of its limit."""
        rng, at = self.rng, self.moment(0.1, 0.7)
        what, n = rng.choice(("heart", "kol", "detection", "hba1c", "wait", "answer", "rehab", "death")), self.facts
        if what in ("heart", "kol", "death"):
            programme, main = ("HEART_IHD", "DI210") if what == "heart" else ("KOL", "DJ440")
            end = at + rng.choice((11, 12, 13, 40)) * civil.HOUR
            kind = {"contact_id": f"C{n}e", "encounter_class": "ENCOUNTER_CLASS_EMER"}
            self.tell(at, "hospital_stay_started", kind)
            self.tell(end, "hospital_stay_ended", {"contact_id": f"C{n}e", "disposition": "DISPOSITION_HOME"})
            self.tell(end, "discharge_report_received", {"contact_id": f"C{n}e", "main_diagnosis": main})
            if what == "death":
                self.tell(self.edge(rng.choice((at, end)), 30), "person_deceased", {})
                return
            if rng.random() < 0.3:
                self.tell(self.edge(end, 30), "hospital_stay_started", {**kind, "contact_id": f"C{n}f"})
            self.referral(at, programme, n)
            start = self.edge(end, 90 if what == "heart" else 28)
            self.start(start, [programme], n)
            for code, unit, values in (("DNK05472", "mm[Hg]", (139, 140)), ("NPU01568", "mmol/L", (1.7, 1.8, 1.9))):
                c = {"code_system": "NPU", "code": code, "numeric": rng.choice(values), "unit": unit}
                self.tell(self.edge(start, 182), "measurement_recorded", c)
        elif what in ("detection", "hba1c"):
            if what == "hba1c":
                self.diagnosis(at - 100 * DAY, "T2D")
            for when in (at, self.edge(at, rng.choice((30, 90, 365)))):
                c = {"code_system": "NPU", "code": "NPU27300", "numeric": rng.choice((47, 48, 58, 59, 75)), "unit": "mmol/mol"}
                self.tell(when, "measurement_recorded", c)
        else:
            self.referral(at, "KOL", n)
            entry = self.edge(at, 90)
            self.start(entry, ["KOL"], n)
            if what != "wait":
                final = self.edge(entry, 365) if what == "rehab" else entry + 30 * DAY
                self.interview(final, ["KOL"], "FINAL")
                score = {"measure_key": "SATISFACTION", "value": rng.randint(1, 5)}
                c = {"instrument": "INSTRUMENT_SATISFACTION", "scores": [score]}
                self.tell(self.edge(final, rng.choice((-14, 60))), "questionnaire_answered", c)

    def replaced(self, old, new):
        """The person number; in one case of four by mistake, which is taken back."""
        at = self.moment(0.1)
        self.facts += 1
        e = {
            "event_id": self.uuid(), "source_system": "CPR", "source_message_id": f"{self.number}-{self.facts}",
            "source_version": "1", "op": "OP_CREATE", "schema_version": 1, "person_key": new, "occurred_at_ms": str(at),
            "time_precision": "TIME_PRECISION_INSTANT", "recorded_at_ms": str(at), "sender_org": self.org(),
            "adapter_revision": 1, "simulated": True, "cpr_replaced": {"old_person_key": old},
        }  # fmt: skip
        self.messages.append(e)
        if self.rng.random() < 0.25:
            self.messages.append({**e, "event_id": self.uuid(), "op": "OP_CANCEL", "source_version": "2"})

    def anything(self, programmes):
        rng, at = self.rng, self.moment()
        chosen, number = rng.choice(programmes), rng.randrange(self.facts + 1)
        several = rng.sample(programmes, rng.randint(1, len(programmes)))
        many = {
            "diagnosis": 4, "assess": 4, "referral": 3, "decision": 2, "interview": 4, "start": 2, "attend": 2, "stop": 2,
            "plan": 2, "excluded": 1, "check": 1, "declined": 1, "closed": 1, "move": 2, "education": 2, "answer": 2,
            "pressure": 3, "measure": 16, "stay": 4,
        }  # fmt: skip
        what = rng.choices(list(many), list(many.values()))[0]
        if what in ("diagnosis", "assess"):
            getattr(self, what)(at, chosen)
        elif what == "referral":
            self.referral(at, chosen, number, rng.choice((None, rng.randrange(self.facts + 1))), rng.choice(HOMES))
        elif what == "decision":
            self.decision(at, number)
        elif what == "interview":
            self.interview(at, several, rng.choice(("INITIAL", "NEEDS", "FINAL", "FOLLOW_UP")))
        elif what in ("start", "attend", "stop"):
            getattr(self, what)(at, several, f"{number}-0")
        elif what == "plan":
            self.plan(at, several)
        elif what == "excluded":
            self.tell(at, "diagnosis_excluded", {"programme": chosen})
        elif what == "check":
            self.tell(at, "health_check_completed", {"programmes": several})
        elif what == "declined":
            self.tell(at, "patient_declined", {"programme": chosen})
        elif what == "closed":
            self.tell(at, "pathway_closed", {"programme": chosen, "reason": "CLOSE_REASON_FULL"})
        elif what == "education":
            self.tell(at, "person_attributes_recorded", {"education_code": rng.choice(("10", "40", "65", "90", "77"))})
        else:
            getattr(self, what)(at)

    def life(self):
        rng = self.rng
        programmes = rng.sample(sorted(self.ref.programmes), rng.randint(1, 3))
        if rng.random() < 0.5:
            programmes.append(rng.choice(("KOL", "T2D", "HEART_IHD")))
        programmes = list(dict.fromkeys(programmes))
        for programme in programmes:
            for _ in range(rng.choice((0, 1, 1, 2))):
                self.path(programme, self.moment(0, 0.9))
        for _ in range(rng.choice((0, rng.randrange(10, 70)))):  # the edges are clearer where little else happens
            self.anything(programmes)
        for _ in range(rng.randrange(4)):
            self.edges()
        if rng.random() < 0.2:
            self.tell(self.moment(0.3), "person_deceased", {})
        if rng.random() < 0.02:
            self.tell(self.moment(0.3), "person_deceased", {})
        for old, new in zip(self.keys, self.keys[1:], strict=False):
            self.replaced(old, new)
        rng.shuffle(self.messages)
        return [m for m in self.messages if int(m["recorded_at_ms"]) <= self.until]


def write(path, people, seed, until, ref=None, moves=False):
    """`moves`: some person numbers are replaced by others."""
    ref = ref or reference.Reference(ROOT / "data" / "reference")
    with open(path, "w", encoding="utf-8") as out:
        for number in range(1, people + 1):
            for message in Writer(number, random.Random(seed * 1_000_003 + number), ref, until, moves).life():
                out.write(json.dumps(message, separators=(",", ":")) + "\n")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=500)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--until", type=int, required=True, help="milliseconds since 1970: nothing is recorded later")
    given = options.parse_args()
    write("/dev/stdout", given.people, given.seed, given.until)
    return 0


if __name__ == "__main__":
    sys.exit(main())
