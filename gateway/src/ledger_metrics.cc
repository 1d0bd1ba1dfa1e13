#include <algorithm>
#include <string>

#include <kronika/gateway/ledger_metrics.h>

namespace kronika::gateway {
namespace {

using telemetry::Sample;
using Samples = std::vector<Sample>;

double seconds(Instant t) { return static_cast<double>(t.ms) / 1000; }

Ledger::Offsets handled_of(const View& view) {
  Ledger::Offsets offsets;
  for (const auto& [at, next] : view.handled()) offsets[{at.topic, at.partition}] = next;
  return offsets;
}

template <class Value>
Samples of_letters(const View& view, Value value) {
  Samples samples;
  const auto open = view.ledger()->open_letters();
  if (!open) return samples;
  for (const OpenLetters& kind : *open) {
    samples.push_back({{{"stage", kind.stage}, {"reason", kind.reason}}, value(kind)});
  }
  return samples;
}

}  // namespace

LedgerMetrics::LedgerMetrics(telemetry::Registry& registry, const View& view,
                             const domain::Rules& rules, const Clock& clock) {
  if (view.ledger() == nullptr) return;
  // The names that the edges' metrics have for senders.
  const auto label = [&rules, &clock](std::uint64_t sender) -> std::string {
    const domain::CivilDate today = domain::civil_date_of(clock.now());
    const domain::Organisation* known =
        sender == 0 ? nullptr : rules.organisation(std::to_string(sender), today);
    if (known == nullptr) return "other";
    if (known->sector != domain::Sector::kGp) return known->sor_id;
    const std::string_view region = rules.region_of(known->municipality, today);
    return "gp-" + std::string(region.empty() ? "other" : region);
  };
  const auto gauge = [&](const char* name, const char* help, auto list) {
    registrations_.push_back(
        registry.sampled(telemetry::SampleKind::kGauge, name, help, std::move(list)));
  };
  gauge("kronika_reconciliation_unbalanced_senders",
        "Senders with a day that does not add up: an event lost, or never booked",
        [&view]() -> Samples {
          return {{{}, static_cast<double>(view.ledger()->unbalanced_senders())}};
        });
  gauge("kronika_reconciliation_missing_records",
        "Events, originals and dead letters that do not stand where the ledger says, or were never "
        "booked",
        [&view]() -> Samples {
          const Ledger::MissingCounts missing = view.ledger()->missing_counts();
          return {{{{"kind", "event"}}, static_cast<double>(missing.events)},
                  {{{"kind", "original"}}, static_cast<double>(missing.originals)},
                  {{{"kind", "dead_letter"}}, static_cast<double>(missing.letters)}};
        });
  gauge("kronika_reconciliation_pending_oldest_timestamp_seconds",
        "Time of the oldest event that the citizen task has not handled; now, where none waits",
        [&view, &clock]() -> Samples {
          const auto oldest = view.ledger()->oldest_pending(handled_of(view));
          return {{{}, seconds(oldest && *oldest ? **oldest : clock.now())}};
        });
  gauge("kronika_dead_letters_open", "Dead letters that nobody has sent once more or closed",
        [&view]() -> Samples {
          return of_letters(view,
                            [](const OpenLetters& l) { return static_cast<double>(l.count); });
        });
  gauge("kronika_dead_letter_oldest_timestamp_seconds", "Time of the oldest open dead letter",
        [&view]() -> Samples {
          return of_letters(view, [](const OpenLetters& l) { return seconds(l.oldest); });
        });
  gauge("kronika_sender_last_message_timestamp_seconds", "Time of the sender's last message",
        [&view, label]() -> Samples {
          Samples samples;
          for (const auto& [sender, habit] : view.ledger()->habits(label)) {
            samples.push_back({{{"sender", sender}}, seconds(habit.last_message)});
          }
          return samples;
        });
  gauge("kronika_sender_expected_interval_seconds",
        "The sender's ordinary silence: the longest gap of 28 days but one",
        [&view, label]() -> Samples {
          Samples samples;
          for (const auto& [sender, habit] : view.ledger()->habits(label)) {
            if (sender == "other" || !habit.expected_interval) continue;
            samples.push_back({{{"sender", sender}},
                               std::chrono::duration<double>(*habit.expected_interval).count()});
          }
          return samples;
        });
}

}  // namespace kronika::gateway
