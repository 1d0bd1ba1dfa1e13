"""Hospital contacts and the stays that they merge into (docs/domain.md 8)."""

import civil
from events import word

GAP = 4 * civil.HOUR
ADMISSION = 12 * civil.HOUR
FOREVER = float("inf")


class Contact:
    def __init__(self, event):
        c = event.content
        self.id, self.episode = c.get("contact_id", ""), c.get("episode_id", "")
        self.start, self.end, self.own_end, self.disposition = event.time, FOREVER, False, ""
        self.acute = c.get("acute")
        if self.acute is None and word(c["encounter_class"], "ENCOUNTER_CLASS_") == "EMER":
            self.acute = True
        self.reports = []


class Stay:
    def __init__(self, contacts, as_of, death):
        self.contacts, self.start = contacts, contacts[0].start
        self.end = max(c.end for c in contacts)
        self.open = self.end == FOREVER
        self.admission = min(self.end, as_of) - self.start >= ADMISSION
        self.acute = contacts[0].acute  # None: unknown
        last = [c for c in contacts if c.end == self.end][-1]
        dead = death is not None and death <= self.end
        self.discharged_alive = not self.open and last.disposition != "DECEASED" and not dead
        self.died = not self.open and not self.discharged_alive
        self.first_date = civil.date_of(self.start)
        self.last_date = None if self.open else civil.date_of(self.end)
        self.reports = [r for c in contacts for r in c.reports]

    def any_main(self, test):
        return any(test(r.get("main_diagnosis", "")) for r in self.reports)


class Stays:
    """Takes the events of a person in fold order, then tells the stays."""

    def __init__(self):
        self.contacts, self.waiting = [], []

    def take(self, event):
        c = event.content
        if event.type == "hospital_stay_started":
            for contact in self.contacts:
                if contact.end == FOREVER:
                    contact.end = event.time
            self.contacts.append(Contact(event))
            self.hand_out(self.contacts[-1])
        elif event.type == "hospital_stay_ended":
            disposition = word(c.get("disposition"), "DISPOSITION_")
            for contact in self.named(c):
                if contact.end == FOREVER or (c.get("contact_id") and not contact.own_end):
                    contact.end, contact.own_end, contact.disposition = event.time, True, disposition
        elif event.type == "discharge_report_received":
            if not self.named(c):
                self.waiting.append(c)
            for contact in self.named(c):
                contact.reports.append(c)

    def named(self, content):
        """The contacts that an end or a report names: the latest of the contact id, or all of the episode so far (16)."""
        if content.get("contact_id"):
            return [c for c in self.contacts if c.id == content["contact_id"]][-1:]
        return [c for c in self.contacts if c.episode == content.get("episode_id")]

    def hand_out(self, contact):
        """Reports that came before their contact's start count for the first that they name."""
        mine = [r for r in self.waiting if contact in self.named(r)]
        contact.reports += mine
        self.waiting = [r for r in self.waiting if r not in mine]

    def died(self, at):
        for contact in self.contacts:
            if contact.end == FOREVER:
                contact.end = at

    def merged(self, as_of, death):
        groups, end = [], None
        for contact in sorted(self.contacts, key=lambda c: c.start):
            if groups and contact.start - end <= GAP:
                groups[-1].append(contact)
                end = max(end, contact.end)
            else:
                groups.append([contact])
                end = contact.end
        return [Stay(g, as_of, death) for g in groups]
