// Moves between municipalities (domain.md 7.3): transfer pending, takeover, and the timer that ends
// a pathway which nobody took over.
#include "applier.h"

namespace kronika::domain {

namespace {
constexpr int kTakeoverDays = 60;
}

void Applier::fire_timers() {
  for (Episode& ep : s_.episodes) {
    if (ep.moved == kNoDate || date_ - ep.moved <= kTakeoverDays) continue;
    const Instant due = start_of_day(ep.moved + (kTakeoverDays + 1));
    const bool waiting = ep.waiting;
    enter(ep, State::kMovedOut, "timer");  // T41; this event only brings it to light
    ep.state_since = due;
    ep.ended = due;
    ep.steps.back().at = due;
    if (waiting) ep.waits.back().end = due;
  }
}

void Applier::residence_changed(const ResidenceChanged& p) {
  const Municipality before = s_.moves.empty() ? s_.initial_residence : s_.moves.back().to;
  const Municipality now = t_.rules.municipality(p.municipality).code;
  // The first one is kept even if it changes nothing: it ends the time of the envelope's residence.
  if (s_.moves.empty() || now != before) s_.moves.push_back({date_, now});
  if (now == before) return;
  for (Episode& ep : s_.episodes) {
    if (ep.state < State::kReferred || ep.state > State::kFollowUp) continue;
    const Organisation* receiver = t_.rules.organisation(ep.receiver, date_);
    if (ep.moved != kNoDate) {
      if (receiver != nullptr && receiver->municipality == now) {
        clear_pending(ep);
        note(ep.programme, ep.number, "moved_back", "back in the receiver's municipality");
      } else {
        ep.moved = date_;
        note(ep.programme, ep.number, "moved_on", "transfer pending from this date");
      }
    } else if (before != 0 && receiver != nullptr && receiver->sector == Sector::kMunicipality &&
               receiver->municipality == before) {
      ep.moved = date_;
      ++s_.transfers_pending;
      note(ep.programme, ep.number, "moved", "transfer pending");
    }
  }
}

bool Applier::in_new_municipality(const Organisation* org) const {
  return org != nullptr && org->municipality != 0 && !s_.moves.empty() &&
         org->municipality == s_.moves.back().to;
}

void Applier::take_over(Episode& ep, std::string_view receiver) {
  clear_pending(ep);
  ep.flags.set(Flag::kTransferred);
  set_receiver(ep, receiver);
  note(ep.programme, ep.number, "takeover", "taken over in the new municipality");
}

void Applier::take_over_by_sender(Episode& ep) {
  if (ep.moved == kNoDate) return;
  const Organisation* org = t_.rules.organisation(e_.sender_org, date_);
  if (!in_new_municipality(org)) return;
  if (org->sector != Sector::kMunicipality && org->sector != Sector::kRegion) return;
  take_over(ep, e_.sender_org);
}

void Applier::clear_pending(Episode& ep) {
  if (ep.moved == kNoDate) return;
  ep.moved = kNoDate;
  --s_.transfers_pending;
}

void Applier::set_receiver(Episode& ep, std::string_view receiver) {
  if (ep.receiver == receiver) return;
  if (!ep.receiver.empty() && t_.group_of[ep.programme] == t_.cancer_group) {
    const Organisation* before = t_.rules.organisation(ep.receiver, date_);
    const Organisation* now = t_.rules.organisation(receiver, date_);
    if (before != nullptr && now != nullptr && before->sector != now->sector) {
      ep.receiver_changed = at_;
    }
  }
  ep.receiver = receiver;
}

}  // namespace kronika::domain
