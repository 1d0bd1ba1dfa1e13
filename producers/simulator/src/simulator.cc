#include "messages.h"

#include <algorithm>
#include <cassert>

#include <kronika/simulator/simulator.h>

namespace kronika::simulator {

using namespace domain;

namespace {

/// Messages held at once, about: 600 bytes each.
constexpr std::uint64_t kMessagesAWindow = 300'000;
constexpr double kMessagesACitizenYear = 6;

struct Pending {
  Message message;
  std::uint32_t citizen;
  std::uint32_t ordinal;
};

bool arrives_before(const Pending& a, const Pending& b) {
  if (a.message.arrival.arrives_at != b.message.arrival.arrives_at) {
    return a.message.arrival.arrives_at < b.message.arrival.arrives_at;
  }
  return a.citizen != b.citizen ? a.citizen < b.citizen : a.ordinal < b.ordinal;
}

void count(const Message& message, Summary& summary) {
  ++summary.events;
  ++summary.by_type[static_cast<std::size_t>(message.arrival.event.type())];
  switch (message.kind) {
    case Kind::kPlain:
      break;
    case Kind::kLate:
      ++summary.late;
      break;
    case Kind::kDuplicate:
      ++summary.duplicates;
      break;
    case Kind::kCorrection:
      ++summary.corrections;
      break;
    case Kind::kCancellation:
      ++summary.cancellations;
      break;
    case Kind::kRefusable:
      ++summary.refusable;
      break;
  }
  if (summary.events == 1) summary.first = message.arrival.arrives_at;
  summary.last = message.arrival.arrives_at;
}

}  // namespace

Summary simulate(const Rules& rules, const Options& options,
                 const std::function<bool(const Arrival&)>& emit) {
  assert(options.person_key && options.months >= 1);
  const Population population(rules, options);
  const Timeline& timeline = population.timeline();
  const Providers providers(rules, timeline.from);
  LifeWriter life(rules, population, providers, options.seed);
  const MessageWriter writer(options, timeline);
  Summary summary;
  summary.citizens = options.citizens;

  const double expected = options.citizens * kMessagesACitizenYear * timeline.days() / 365.0;
  const int windows = 1 + static_cast<int>(expected / kMessagesAWindow);
  const std::int64_t begin = start_of_day(timeline.from).ms;
  const std::int64_t span = timeline.end.ms - begin + 1;
  std::vector<Pending> pending;
  for (int w = 0; w < windows; ++w) {
    const std::int64_t from = begin + span * w / windows;
    const std::int64_t to = begin + span * (w + 1) / windows;
    pending.clear();
    for (std::uint32_t i = 0; i < options.citizens; ++i) {
      const Citizen citizen = population.citizen(i);
      std::vector<Message> messages = writer.write(citizen, life.write(citizen));
      if (w == 0 && !messages.empty()) {
        ++summary.citizens_with_events;
        const bool pathway = std::any_of(messages.begin(), messages.end(), [](const Message& m) {
          return m.arrival.event.type() == EventType::kInterventionStarted;
        });
        if (pathway && summary.example_identifier.empty()) {
          summary.example_identifier = citizen.identifier;
        }
      }
      for (std::uint32_t n = 0; n < messages.size(); ++n) {
        const std::int64_t at = messages[n].arrival.arrives_at.ms;
        if (at >= from && at < to) pending.push_back({std::move(messages[n]), i, n});
      }
    }
    std::sort(pending.begin(), pending.end(), arrives_before);
    for (const Pending& p : pending) {
      count(p.message, summary);
      if (!emit(p.message.arrival)) return summary;
    }
  }
  return summary;
}

}  // namespace kronika::simulator
