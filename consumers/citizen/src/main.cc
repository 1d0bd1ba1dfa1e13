// kronika-citizen: keeps every citizen's state (see citizen_task.h).

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <kronika/citizen/citizen_task.h>
#include <kronika/consumer/program.h>
#include <kronika/domain/checks.h>

namespace {

using kronika::citizen::Probe;
using kronika::telemetry::Sample;
using kronika::telemetry::SampleKind;

double value_of(const std::atomic<std::uint64_t>& n) {
  return static_cast<double>(n.load(std::memory_order_relaxed));
}

std::vector<std::string> refusals() {
  using kronika::domain::Reason;
  std::vector<std::string> all;
  for (int i = 0; i <= static_cast<int>(Reason::kInternalInvariant); ++i) {
    all.emplace_back(kronika::domain::slug(static_cast<Reason>(i)));
  }
  return all;
}

void register_probe(Probe& probe, const kronika::consumer::Wiring& wiring) {
  using kronika::telemetry::Buckets;
  probe.on_refold = [seconds = wiring.registry.histogram(
                         "kronika_fold_seconds",
                         "Time to fold a citizen again, its journal read; one of 16 is measured",
                         Buckets::kFast),
                     events = wiring.registry.histogram(
                         "kronika_fold_events",
                         "Effective events of a citizen folded again; one of 16 is measured",
                         Buckets::kCount)](std::chrono::nanoseconds elapsed, std::size_t folded) {
    seconds.observe(elapsed);
    events.observe(static_cast<double>(folded));
  };

  const auto list = [&](SampleKind kind, const char* name, const char* help, auto samples) {
    wiring.registrations.push_back(wiring.registry.sampled(kind, name, help, std::move(samples)));
  };
  list(SampleKind::kCounter, "kronika_citizen_events_total", "Events by what became of them",
       [&probe] {
         return std::vector<Sample>{{{{"outcome", "applied"}}, value_of(probe.applied)},
                                    {{{"outcome", "duplicate"}}, value_of(probe.duplicate)},
                                    {{{"outcome", "superseded"}}, value_of(probe.superseded)},
                                    {{{"outcome", "rejected"}}, value_of(probe.rejected)}};
       });
  list(SampleKind::kCounter, "kronika_citizen_marked_events_total",
       "Applied events that were irregular, not handled yet, or received more than 72 hours after "
       "they occurred",
       [&probe] {
         return std::vector<Sample>{{{{"mark", "irregular"}}, value_of(probe.irregular)},
                                    {{{"mark", "unimplemented"}}, value_of(probe.unimplemented)},
                                    {{{"mark", "late"}}, value_of(probe.late)}};
       });
  list(SampleKind::kCounter, "kronika_citizen_unknown_codes_total",
       "Codes in no table of the reference data, by code system: of applied events, and of events "
       "refused for their code",
       [&probe] {
         std::vector<Sample> samples;
         for (std::size_t i = 0; i < probe.unknown_codes.size(); ++i) {
           samples.push_back({{{"system", std::string(kronika::domain::kCodeSystemLabels[i])}},
                              value_of(probe.unknown_codes[i])});
         }
         return samples;
       });
  list(SampleKind::kCounter, "kronika_folds_total",
       "Folds by path: fast = an event appended to a state, refold = a citizen folded again, "
       "generation = after a rule change",
       [&probe] {
         const double generation = value_of(probe.generation_refolds);
         return std::vector<Sample>{
             {{{"path", "fast"}}, value_of(probe.fast_path)},
             {{{"path", "refold"}}, std::max(0.0, value_of(probe.refolds) - generation)},
             {{{"path", "generation"}}, generation}};
       });
  list(SampleKind::kCounter, "kronika_refolded_events_total", "Effective events read by refolds",
       [&probe] { return std::vector<Sample>{{{}, value_of(probe.refolded_events)}}; });
  list(SampleKind::kCounter, "kronika_deadlines_fired_total", "Citizens woken by the clock",
       [&probe] { return std::vector<Sample>{{{}, value_of(probe.deadlines)}}; });
  list(SampleKind::kCounter, "kronika_state_cache_requests_total",
       "Look-ups of folded states in memory", [&probe] {
         return std::vector<Sample>{{{{"outcome", "hit"}}, value_of(probe.cache_hits)},
                                    {{{"outcome", "miss"}}, value_of(probe.cache_misses)}};
       });
}

}  // namespace

int main(int argc, char** argv) {
  Probe probe;
  return kronika::consumer::run(
      argc, argv,
      {.name = "kronika-citizen",
       .settings = [](const kronika::config::Settings& s) -> const kronika::config::Consumer& {
         return s.citizen;
       },
       .make_spec =
           [&probe](const kronika::consumer::Wiring& wiring) {
             register_probe(probe, wiring);
             const auto partitions =
                 static_cast<std::size_t>(std::max(1, wiring.settings.kafka.partitions));
             return kronika::citizen::citizen_task_spec(
                 {.rules = wiring.rules,
                  .cache_bytes = wiring.settings.citizen.cache_bytes / partitions,
                  .rebuild_backlog = wiring.settings.citizen.rebuild_backlog,
                  .indicator_partitions = static_cast<std::int32_t>(partitions),
                  .probe = &probe,
                  .on_canary = [&canary = wiring.canary](std::int32_t partition,
                                                         kronika::Instant published) {
                    canary.seen(partition, published);
                  }});
           },
       .canary_stage = "state",
       .stage = "state",
       .refusals = refusals()});
}
