#include "seal_renewal.h"

#include <utility>
#include <vector>

#include <kronika/telemetry/log.h>

namespace kronika::edge {
namespace {

using namespace std::chrono_literals;
namespace log = telemetry::log;

constexpr auto kLookEvery = 5s;
constexpr auto kShoutEvery = 10min;

}  // namespace

SealRenewal::SealRenewal(std::filesystem::path file, codec::Sealer sealer, const Clock& clock,
                         telemetry::Registry* registry)
    : file_(std::move(file)), sealer_(std::move(sealer)), clock_(clock), watch_({file_}) {
  if (registry == nullptr) return;
  listed_ = registry->sampled(
      telemetry::SampleKind::kGauge, "kronika_seal_key_not_after_timestamp_seconds",
      "When the months end that have a sealing key; absent where keys have no month",
      [sealer = sealer_, &clock] {
        const auto end = sealer.keys()->end(clock.now());
        if (!end) return std::vector<telemetry::Sample>{};
        return std::vector<telemetry::Sample>{{{}, static_cast<double>(end->ms) / 1000}};
      });
}

void SealRenewal::tend() {
  const Instant now = clock_.now();
  if (now < next_look_) return;
  next_look_ = now + kLookEvery;
  if (watch_.changed()) {
    auto keys = codec::SealKeys::from_file(file_);
    if (keys) {
      sealer_.take(std::move(*keys));
      next_shout_ = {};
      log::info("SEAL_KEYS_READ", "the changed sealing keys are in force",
                {{"keys", sealer_.keys()->keys().size()}});
    } else {
      log::error("SEAL_KEYS_UNUSABLE", "the changed sealing keys cannot be used, the old ones stay",
                 {{"error", keys.error().context}});
    }
  }
  const auto keys = sealer_.keys();
  if (keys->covers(now) || now < next_shout_) return;
  next_shout_ = now + kShoutEvery;
  const auto& key = keys->sealing(now);
  log::error("SEAL_KEY_MISSING",
             "the present month has no sealing key, another one seals; kronika keys make",
             {{"month", codec::to_text(codec::seal_month_of(now))},
              {"sealed_with", key.month ? codec::to_text(*key.month) : std::string("no month")}});
}

}  // namespace kronika::edge
