"""The state machine of one person and programme (docs/domain.md 7), row by row. It keeps the whole history: what state an
episode was in at any time, its wait periods, and its rehabilitation starts."""

import civil
from events import word

ACTIVE = (
    "DETECTED", "DIAGNOSED", "STRATIFIED", "REFERRED", "VISITATED", "INITIAL_INTERVIEW", "REHAB_ACTIVE",
    "FINAL_INTERVIEW", "FOLLOW_UP",
)  # fmt: skip
MONITORED = ACTIVE[1:]  # DIAGNOSED ... FOLLOW_UP
FROM_REFERRED = ACTIVE[3:]  # REFERRED ... FOLLOW_UP
TO_FINAL = ACTIVE[3:8]  # REFERRED ... FINAL_INTERVIEW
WAITING = ("REFERRED", "VISITATED")
ENDED = ("COMPLETED", "DROPPED_OUT", "INTERRUPTED", "DECLINED", "MOVED_OUT")
MOVE_DAYS = 60


class Wait:
    def __init__(self, start, service, level):
        self.start, self.service, self.level = start, service, level
        self.ended, self.how = None, None  # UPTAKE, BACK, T10, or the end state


class Episode:
    def __init__(self, opened):
        self.opened = opened
        self.state, self.outcome, self.reason = "", "", ""  # reason: of the stop that ended it
        self.history = []  # (time, state, outcome)
        self.waits, self.sent, self.in_force = [], set(), set()
        self.wait_referral = self.receiver = None
        self.active, self.known = set(), set()
        self.pending = None  # date of the move
        self.touched = []  # times of the events routed here

    def at(self, time):
        """(state, outcome) at the end of an instant; the state is empty before the episode began."""
        found = ("", "")
        for when, state, outcome in self.history:
            if when <= time:
                found = (state, outcome)
        return found

    def entered(self, state):
        """When the state was first reached, or nothing."""
        return next((when for when, s, _ in self.history if s == state), None)


class Pathway:
    def __init__(self, programme, person):
        self.programme, self.person, self.reference = programme, person, person.reference
        self.episodes = []
        self.levels = []  # (time, level): legal assessments only
        self.rehab_starts = []  # (time, kind of intervention)

    # --- what the rows share

    @property
    def now(self):
        return self.episodes[-1] if self.episodes else None

    @property
    def state(self):
        return self.now.state if self.episodes else ""

    def level_at(self, time):
        return next((level for when, level in reversed(self.levels) if when <= time), None)

    def open(self, time):
        self.episodes.append(Episode(time))

    def go(self, state, time, outcome=""):
        e = self.now
        before, e.state, e.outcome = e.state, state, outcome
        if before != state:
            e.history.append((time, state, outcome))
        if state not in FROM_REFERRED:
            e.pending = None
        if state not in WAITING:
            self.end_wait(time, "UPTAKE" if state in ("INITIAL_INTERVIEW", "REHAB_ACTIVE", "FOLLOW_UP") else state)

    def end_wait(self, time, how):
        if self.now.waits and self.now.waits[-1].ended is None:
            self.now.waits[-1].ended, self.now.waits[-1].how = time, how

    def begin_wait(self, event):
        e, c = self.now, event.content
        e.waits.append(Wait(event.time, word(c["requested_service"], "REQUESTED_SERVICE_"), self.level_at(event.time)))
        e.wait_referral, e.receiver = c["referral_id"], c["receiver_org"]

    def back(self, time):
        self.end_wait(time, "BACK")
        self.go("STRATIFIED" if self.levels else "DIAGNOSED", time)

    def rehab(self, event, intervention, kind):
        """T24 to T28: an intervention joins the active set."""
        e = self.now
        e.active.add(intervention)
        e.known.add(intervention)
        self.rehab_starts.append((event.time, kind))
        if e.state != "REHAB_ACTIVE":
            self.go("REHAB_ACTIVE", event.time)

    def stop_all(self, reason, time):
        """T31 to T33 and T42."""
        reason_class = self.reference.stop_reasons[reason]
        self.now.active.clear()
        self.now.reason = reason
        state = {"DROPOUT": "DROPPED_OUT", "EARLY": "COMPLETED", "EVENT": "INTERRUPTED"}[reason_class]
        self.go(state, time, "EARLY" if reason_class == "EARLY" else "")

    # --- moves (7.3)

    def timer(self, time):
        """T41, before anything that happens at `time`."""
        e = self.now
        if e and e.pending is not None:
            due = civil.start_of_day(e.pending + MOVE_DAYS + 1)
            if due <= time:
                self.go("MOVED_OUT", due)

    def moved(self, old, new, event):
        e = self.now
        if not e or e.state not in FROM_REFERRED or old == new:
            return
        org = self.reference.organisation(e.receiver, event.date)
        if e.pending is not None:
            here = org and org["sector"] == "MUNICIPALITY" and org["municipality"] == new
            e.pending = None if here else event.date
        elif org and org["sector"] == "MUNICIPALITY" and org["municipality"] == old:
            e.pending = event.date

    def takes_over(self, event, sor, sectors=None):
        e = self.now
        if e is None or e.pending is None or not 0 <= event.date - e.pending <= MOVE_DAYS:
            return False
        org = self.reference.organisation(sor, event.date)
        return bool(org) and org["municipality"] == self.person.residence and (not sectors or org["sector"] in sectors)

    def take_over(self, sor):
        self.now.pending, self.now.receiver = None, sor

    # --- the rows; each returns whether the event was legal

    def health_check(self, event):
        if self.state in ("", "NOT_CONFIRMED"):  # T01
            self.open(event.time)
            self.go("DETECTED", event.time)
            return True
        return False

    def detected(self, event):
        self.open(event.time)  # T01m
        self.go("DETECTED", event.time)

    def diagnosis(self, event):
        if self.state in ("", "DETECTED", "NOT_CONFIRMED"):  # T02
            if self.state != "DETECTED":
                self.open(event.time)
            self.go("DIAGNOSED", event.time)
            return True
        return self.state != "DECEASED"  # T03

    def excluded(self, event):
        if self.state in ("DETECTED", "DIAGNOSED", "STRATIFIED"):  # T04
            self.go("NOT_CONFIRMED", event.time)
            return True
        return self.state in FROM_REFERRED  # T05

    def assessed(self, event):
        if self.state == "DIAGNOSED":  # T06
            self.levels.append((event.time, event.content["level"]))
            self.go("STRATIFIED", event.time)
        elif self.state in ACTIVE[2:] or self.state in ENDED:  # T07
            self.levels.append((event.time, event.content["level"]))
        else:
            return False
        return True

    def referral(self, event):
        c, state, time = event.content, self.state, event.time
        referral, replaces = c["referral_id"], c.get("replaces_referral_id")
        if state == "DECEASED":
            return False
        if state in ("", "NOT_CONFIRMED") or state == "FOLLOW_UP" or state in ENDED:  # T08, T13, T12
            if state == "FOLLOW_UP":
                self.go("COMPLETED", time, "FULL")
            self.open(time)
            self.go("REFERRED", time)
            self.begin_wait(event)
        elif state in ("DETECTED", "DIAGNOSED", "STRATIFIED"):  # T08, T09
            self.go("REFERRED", time)
            self.begin_wait(event)
        else:
            replaced = replaces in self.now.in_force
            if self.takes_over(event, c["receiver_org"]):
                self.take_over(c["receiver_org"])
                self.now.wait_referral = referral  # what the receiver hangs on from now (16)
                if state in WAITING:
                    self.go("REFERRED", time)
            elif replaced and state in WAITING:  # T10
                self.end_wait(time, "T10")
                self.go("REFERRED", time)
                self.begin_wait(event)
            if replaced:
                self.now.in_force.discard(replaces)  # also of T11
        self.now.sent.add(referral)
        self.now.in_force.add(referral)
        return True

    def leave_force(self, referral, time):
        """T15 and T18."""
        self.now.in_force.discard(referral)
        if not self.now.in_force:
            self.back(time)

    def revoked(self, event):
        referral = event.content["referral_id"]
        if self.state in WAITING and referral in self.now.in_force:  # T18
            self.leave_force(referral, event.time)
            return True
        if self.state in ("INITIAL_INTERVIEW", "REHAB_ACTIVE", "FINAL_INTERVIEW") and referral in self.now.sent:  # T19
            self.now.in_force.discard(referral)
            return True
        return False

    def visitation(self, event):
        c, state, time = event.content, self.state, event.time
        referral, decision = c["referral_id"], word(c["decision"], "VISITATION_DECISION_")
        if state not in TO_FINAL:
            return False
        in_force, of_episode = referral in self.now.in_force, referral in self.now.sent
        if decision == "ACCEPT":
            if state == "REFERRED" and in_force:  # T14
                self.go("VISITATED", time)
                return True
            return state != "REFERRED" and of_episode  # T17
        if decision == "REJECT":
            if state in WAITING:
                if in_force:  # T15
                    self.leave_force(referral, time)
                return in_force
            if of_episode:  # T17
                self.now.in_force.discard(referral)
            return of_episode
        if decision == "FORWARD":  # T16
            if in_force:
                if self.takes_over(event, c["new_receiver_org"]):
                    self.take_over(c["new_receiver_org"])
                elif referral == self.now.wait_referral:
                    self.now.receiver = c["new_receiver_org"]
            return in_force
        return decision == "PRIORITY_CHANGE" and of_episode  # T17

    def cared_for(self, event, row):
        """An event of those that take a moved citizen over, besides what its row does."""
        taken = self.takes_over(event, event.raw["sender_org"], ("MUNICIPALITY", "REGION"))
        legal = row(event)
        if legal and taken and self.now.pending is not None:
            self.take_over(event.raw["sender_org"])
        return legal

    def interview(self, event):
        return self.cared_for(event, self.interview_row)

    def interview_row(self, event):
        kind, state, time = word(event.content["kind"], "INTERVIEW_KIND_"), self.state, event.time
        if kind == "INITIAL" and state in WAITING:  # T21, T22
            self.go("INITIAL_INTERVIEW", time)
        elif kind in ("INITIAL", "NEEDS") and state in ("INITIAL_INTERVIEW", "REHAB_ACTIVE"):  # T23
            pass
        elif kind == "FINAL" and state == "REHAB_ACTIVE":  # T34
            self.now.active.clear()
            self.go("FINAL_INTERVIEW", time)
        elif kind == "NEEDS" and state == "FOLLOW_UP":  # T36
            pass
        elif kind == "FOLLOW_UP":
            return self.follow_up(time)
        else:
            return False
        return True

    def follow_up(self, time):
        """T35, T36 and T45."""
        lasting = self.reference.programmes[self.programme]["lasting_follow_up"] == "yes"
        if self.state == "FINAL_INTERVIEW" or (lasting and self.state in ("VISITATED", "INITIAL_INTERVIEW")):
            self.go("FOLLOW_UP", time)
            return True
        return self.state == "FOLLOW_UP"

    def started(self, event):
        return self.cared_for(event, self.started_row)

    def started_row(self, event):
        kind = self.reference.interventions[event.content["type"]]
        if kind["counts_as_rehab"] != "yes":
            return False
        if self.state in ("REFERRED", "VISITATED", "INITIAL_INTERVIEW", "REHAB_ACTIVE"):  # T24, T25, T26
            self.rehab(event, event.content["intervention_id"], kind["kind"])
            return True
        return False

    def attended(self, event):
        return self.cared_for(event, self.attended_row)

    def attended_row(self, event):
        there, intervention = event.content.get("attended", False), event.content["intervention_id"]
        if self.state in ("REFERRED", "VISITATED", "INITIAL_INTERVIEW"):  # T27
            if there:
                self.rehab(event, intervention, "")
            return there
        if self.state == "REHAB_ACTIVE":  # T28
            if there and intervention not in self.now.known:
                self.rehab(event, intervention, "")
            return True
        return False

    def stopped(self, event):
        c, e = event.content, self.now
        if self.state != "REHAB_ACTIVE" or c["intervention_id"] not in e.active:
            return False
        e.active.discard(c["intervention_id"])  # T29, T30
        if not e.active and word(c["status"], "STOP_STATUS_") == "CANCELLED":
            self.stop_all(c["reason"], event.time)
        return True

    def declined(self, event):
        if self.state in ("REFERRED", "VISITATED", "INITIAL_INTERVIEW"):  # T20
            self.go("DECLINED", event.time)
            return True
        return False

    def plan(self, event):
        c = event.content
        category, status = word(c["category"], "PLAN_CATEGORY_"), word(c["status"], "PLAN_STATUS_")
        if category == "FOLLOW_UP" and status == "ACTIVE":
            return self.follow_up(event.time)
        if category == "INTERVENTION" and status == "CANCELLED":
            if self.state == "REHAB_ACTIVE":  # T42
                self.stop_all(c["reason"], event.time)
                return True
            if self.state == "INITIAL_INTERVIEW":  # T43
                reason_class = self.reference.stop_reasons[c["reason"]]
                state = {"DROPOUT": "DECLINED", "EARLY": "COMPLETED", "EVENT": "INTERRUPTED"}[reason_class]
                self.go(state, event.time, "NO_NEED" if state == "COMPLETED" else "")
                return True
            return False
        return self.state in ACTIVE  # T44

    def closed(self, event):
        reason = word(event.content["reason"], "CLOSE_REASON_")
        done = reason == "FULL" and (
            self.state in ("FINAL_INTERVIEW", "FOLLOW_UP")  # T37
            or (self.state == "REHAB_ACTIVE" and not self.now.active)  # T39
        )
        if done or (reason == "NO_NEED" and self.state == "INITIAL_INTERVIEW"):  # T38
            self.go("COMPLETED", event.time, reason)
            return True
        return False

    def deceased(self, time):
        if self.state in ACTIVE:  # T40
            self.go("DECEASED", time)
