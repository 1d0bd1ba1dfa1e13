"""One person: the effective events in fold order, played once; afterwards every question about any date can be answered."""

import bisect

import civil
from pathway import Pathway
from stays import Stays

RECEIVES = {
    "health_check_completed": Pathway.health_check, "diagnosis_excluded": Pathway.excluded,
    "stratification_assessed": Pathway.assessed, "interview_held": Pathway.interview,
    "intervention_started": Pathway.started, "intervention_attended": Pathway.attended,
    "intervention_stopped": Pathway.stopped, "patient_declined": Pathway.declined,
    "pathway_plan_changed": Pathway.plan, "pathway_closed": Pathway.closed,
}  # fmt: skip
UNKNOWN_SEX = "SEX_UNKNOWN"
REHAB_SERVICES = ("MUNICIPAL_REHAB", "NON_SPECIFIC_MUNICIPAL", "HOSPITAL_REHAB")


class Value:
    """One measured value."""

    def __init__(self, event, value):
        self.time, self.date, self.value = event.time, event.date, value
        self.mark = event.content.get("timepoint", "TIMEPOINT_NONE").removeprefix("TIMEPOINT_")


class Person:
    def __init__(self, events, reference, as_of):
        self.reference, self.as_of = reference, as_of
        self.pathways = {}
        self.stays_seen = Stays()
        self.values, self.preliminary = {}, []
        self.observed = []  # times of measurements and questionnaires
        self.diagnoses = []  # (date, time, system, code, from a hospital)
        self.residences, self.educations = [], []  # (time, value)
        self.referrals = []  # (date, programme, service)
        self.residence = ""
        self.home = ""  # before the first ResidenceChanged: what the earliest event with an effect says
        self.birth = next((e.raw["birth_date_days"] for e in events if "birth_date_days" in e.raw), None)
        self.sex = next((e.raw["sex"] for e in events if e.raw.get("sex", UNKNOWN_SEX) != UNKNOWN_SEX), UNKNOWN_SEX)
        self.death = self.death_date = None
        for event in events:
            self.play(event)
        for pathway in self.pathways.values():
            pathway.timer(as_of)
        self.stays = self.stays_seen.merged(as_of, self.death)

    # --- playing

    def after_death(self, event):
        return self.death is not None and event.time > self.death

    def pathway(self, programme):
        if programme not in self.pathways:
            self.pathways[programme] = Pathway(programme, self)
        return self.pathways[programme]

    def route(self, programme, event, row):
        """To the instance, which notes that it was meant, whether the event was legal or not."""
        pathway = self.pathway(programme)
        row(pathway, event)
        if pathway.now:
            pathway.now.touched.append(event.time)

    def play(self, event):
        for pathway in self.pathways.values():
            pathway.timer(event.time)
        c, report = event.content, event.type == "discharge_report_received"
        if self.death is not None and (self.after_death(event) or event.type == "person_deceased") and not report:
            return
        self.home = self.home or event.raw.get("residence_municipality", "")
        if report:
            self.stays_seen.take(event)
            return
        if not self.residence and event.raw.get("residence_municipality"):
            self.residence = event.raw["residence_municipality"]
        if event.type in ("hospital_stay_started", "hospital_stay_ended"):
            self.stays_seen.take(event)
        elif event.type in ("measurement_recorded", "questionnaire_answered"):
            self.measured(event)
        elif event.type == "diagnosis_recorded":
            self.diagnosed(event)
        elif event.type == "referral_sent":
            self.referred(event)
        elif event.type in ("referral_revoked", "visitation_decided"):
            self.decided(event)
        elif event.type == "residence_changed":
            self.moved(event)
        elif event.type == "person_attributes_recorded":
            if c.get("education_code"):
                self.educations.append((event.time, self.reference.education.get(c["education_code"], "UNKNOWN")))
        elif event.type == "person_deceased":
            self.died(event)
        elif event.type in RECEIVES:
            programmes = [c["programme"]] if c.get("programme") else c.get("programmes", [])
            for programme in programmes:
                self.route(programme, event, RECEIVES[event.type])

    def died(self, event):
        if self.death is None:
            self.death, self.death_date = event.time, event.date
            self.stays_seen.died(event.time)
            for pathway in self.pathways.values():
                pathway.deceased(event.time)

    def moved(self, event):
        new = event.content["municipality"]
        old, self.residence = self.residence, new
        self.residences.append((event.time, new))
        for pathway in self.pathways.values():
            pathway.moved(old, new, event)

    def measured(self, event):
        if event.content.get("preliminary") or not event.values:
            return  # not used, or left out as a contradiction
        self.observed.append(event.time)
        for key, value in event.values.items():
            self.values.setdefault(key, []).append(Value(event, value))
        self.detect(event)

    def detect(self, event):
        """T01m."""
        c, values = event.content, event.values
        if (
            values.get("FEV1_FVC", 1) < 0.7
            and c.get("method") == "POST_BRONCHODILATOR"
            and not self.pathway("KOL").episodes
        ):
            self.pathway("KOL").detected(event)
        if values.get("HBA1C", 0) >= 48 and not self.pathway("T2D").episodes and not self.pathway("T1D").episodes:
            if any(v.value >= 48 and 0 < event.date - v.date <= 365 for v in self.values["HBA1C"]):
                self.pathway("T2D").detected(event)

    def diagnosed(self, event):
        c = event.content
        self.diagnoses.append(
            (event.date, event.time, c["code_system"], c["code"], c["setting"] == "DIAGNOSIS_SETTING_HOSPITAL")
        )
        rows = self.reference.diagnosis_rows(c["code_system"], c["code"])
        for programme in dict.fromkeys(r["programme"] for r in rows if r["programme"]):
            self.route(programme, event, Pathway.diagnosis)

    def resolved(self, event):
        """The programme of a referral: named, or that of the first diagnosis that opens one (4.4)."""
        c = event.content
        if c.get("programme"):
            return c["programme"]
        for coding in c.get("diagnosis_codes", ()):
            found = [r["programme"] for r in self.reference.diagnosis_rows(coding["system"], coding["code"])]
            found = [p for p in found if p]
            if "CANCER_REHAB" in found:
                org = self.reference.organisation(c["receiver_org"], event.date)
                municipal = org and org["sector"] in ("MUNICIPALITY", "REGION")
                return "CANCER_REHAB" if municipal else "CANCER_FOLLOWUP"
            if found:
                return found[0]
        return None

    def referred(self, event):
        programme = self.resolved(event)
        if programme:
            service = event.content["requested_service"].removeprefix("REQUESTED_SERVICE_")
            self.referrals.append((event.date, programme, service))
            self.route(programme, event, Pathway.referral)

    def decided(self, event):
        """Revocations and decisions name a referral; it belongs to the pathway in which it was sent."""
        row = Pathway.revoked if event.type == "referral_revoked" else Pathway.visitation
        for pathway in self.pathways.values():
            episode = next((e for e in pathway.episodes if event.content["referral_id"] in e.sent), None)
            if episode:
                row(pathway, event)
                episode.touched.append(event.time)

    # --- asking; `time` is an instant, `date` a civil date

    def cut(self, date):
        """The last instant that counts on a date: after death nothing changes any more (16)."""
        return civil.end_of_day(date)

    def alive(self, date):
        return self.death_date is None or self.death_date > date

    def municipality(self, date):
        found = next((m for when, m in reversed(self.residences) if when <= self.cut(date)), self.home)
        return found if found in self.reference.municipalities else "UNKNOWN"

    def resident(self, date):
        return self.municipality(date) != "UNKNOWN"

    def education(self, date):
        return next((g for when, g in reversed(self.educations) if when <= self.cut(date)), "UNKNOWN")

    def age(self, date):
        if self.birth is None:
            return None
        if self.death_date is not None:
            date = min(date, self.death_date)
        return civil.completed_years(self.birth, date)

    def level(self, programme, date):
        if programme not in self.pathways:
            return None
        return self.pathways[programme].level_at(self.cut(date))

    def latest(self, key, date, max_age):
        """The latest value of a measure on a date, if it is not too old."""
        values = self.values.get(key, [])
        n = bisect.bisect_right([v.time for v in values], self.cut(date))
        return values[n - 1] if n and date - values[n - 1].date <= max_age else None

    def dyspnoea(self, date):
        """On the MRC scale: the later of MRC and MMRC + 1; MRC wins a tie (6.7)."""
        mrc, mmrc = self.latest("MRC", date, 365), self.latest("MMRC", date, 365)
        if mmrc and (not mrc or mmrc.time > mrc.time):
            return mmrc.value + 1
        return mrc.value if mrc else None

    def examined(self, key, date, max_age):
        """Whether it was DONE; NOT_DONE is no examination (16)."""
        return any(
            v.value == "DONE" and v.time <= self.cut(date) and date - v.date <= max_age for v in self.values.get(key, [])
        )
