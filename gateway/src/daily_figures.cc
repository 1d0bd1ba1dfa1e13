#include "care_day.h"
#include "care_scan.h"
#include "indicator_figures.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <kronika/gateway/daily_figures.h>
#include <kronika/telemetry/log.h>

namespace kronika::gateway {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;
using telemetry::Sample;
using Samples = std::vector<Sample>;
namespace log = telemetry::log;

constexpr std::chrono::hours kBegin{6};
constexpr std::chrono::minutes kTryAgain{10};
constexpr int kRestShare = 9;  // times what a slice took
constexpr std::chrono::milliseconds kIdle{1000};

double seconds(Instant t) { return static_cast<double>(t.ms) / 1000; }

Samples samples_of(const CareDay& care) {
  Samples samples;
  for (const auto& [key, figure] : care.figures) {
    const auto value = figure.served();
    if (!value) continue;
    samples.push_back({{{"timer", key.timer},
                        {"days", key.days},
                        {"region", key.region},
                        {"programme", key.programme}},
                       static_cast<double>(*value)});
  }
  return samples;
}

}  // namespace

domain::CivilDate figures_day(Instant now) { return domain::civil_date_of(now - kBegin); }

struct DailyFigures::Impl {
  Impl(DailyFiguresOptions given, const domain::Rules& the_rules, const domain::Fold& the_fold,
       const View& the_view, const Clock& the_clock, const std::atomic<bool>& is_caught_up)
      : options(std::move(given)),
        rules(the_rules),
        fold(the_fold),
        view(the_view),
        clock(the_clock),
        caught_up(is_caught_up),
        care(read_care_day(options.memory)) {}

  void list(telemetry::Registry& registry);
  std::chrono::milliseconds turn();
  void begin(Instant now);
  void publish_indicators(Instant now);
  std::chrono::milliseconds slice();
  void finish();
  void put_off(Instant now) { not_before = now + std::chrono::milliseconds(kTryAgain); }

  // constant after construction
  const DailyFiguresOptions options;
  const domain::Rules& rules;
  const domain::Fold& fold;
  const View& view;
  const Clock& clock;
  const std::atomic<bool>& caught_up;

  // of the thread that calls turn()
  std::optional<CareScan> scan;
  std::chrono::nanoseconds busy{0};  // of the scan, without its rests
  std::optional<domain::CivilDate> indicators_day;
  Instant not_before{};  // after a failure

  // guarded by mutex; read at each scrape
  std::mutex mutex;
  std::optional<CareDay> care;
  IndicatorFigures indicators;
  std::optional<Instant> indicators_computed;
  bool stopping = false;

  std::condition_variable stop;
  std::thread thread;
  std::vector<telemetry::Registration> registrations;  // first to go: they read the rest
};

void DailyFigures::Impl::list(telemetry::Registry& registry) {
  const auto gauge = [&](const char* name, const char* help, auto of) {
    registrations.push_back(
        registry.sampled(telemetry::SampleKind::kGauge, name, help, [this, of]() -> Samples {
          const std::lock_guard lock(mutex);
          return of();
        }));
  };
  gauge("kronika_care_timers",
        "Pathways with a clinical timer, rounded to five; fewer than five are not listed",
        [this] { return care ? samples_of(*care) : Samples(); });
  gauge("kronika_indicator_value",
        "Published figures of the four target pictures, three digits; region all is the nation",
        [this] { return indicators.value; });
  gauge("kronika_indicator_suppressed", "Places of the indicator whose figure is suppressed",
        [this] { return indicators.suppressed; });
  gauge("kronika_indicator_target", "The standard that the indicator is compared with",
        [this] { return indicators.target; });
  gauge("kronika_indicator_period_end_timestamp_seconds",
        "End of the quarter whose publication is served", [this] { return indicators.period_end; });
  gauge("kronika_figures_computed_timestamp_seconds",
        "When the figures of care and of the indicators were made; once a civil day", [this] {
          Samples samples;
          if (care) samples.push_back({{{"figures", "care"}}, seconds(care->computed)});
          if (indicators_computed) {
            samples.push_back({{{"figures", "indicators"}}, seconds(*indicators_computed)});
          }
          return samples;
        });
}

std::chrono::milliseconds DailyFigures::Impl::turn() {
  if (!caught_up) return kIdle;
  if (scan) return slice();
  const Instant now = clock.now();
  if (now < not_before) return kIdle;
  begin(now);
  return scan ? std::chrono::milliseconds(0) : kIdle;
}

void DailyFigures::Impl::begin(Instant now) {
  const domain::CivilDate day = figures_day(now);
  if (indicators_day != day) publish_indicators(now);
  // `care` is written by this thread alone. Of nobody there are no figures, and a day that began
  // with an empty view would stand for a whole day.
  if ((care && care->day == day) || view.counts().citizens == 0) return;
  scan.emplace(rules, fold, view, now);
  busy = {};
}

void DailyFigures::Impl::publish_indicators(Instant now) {
  auto made = indicator_figures(view, rules);
  if (!made) {
    log::warn("FIGURES_FAILED", "the indicators' figures cannot be read; tried again later",
              {{"reason", made.error().code.slug()}, {"error", made.error().context}});
    put_off(now);
    return;
  }
  indicators_day = figures_day(now);
  const std::lock_guard lock(mutex);
  indicators = std::move(*made);
  indicators_computed = now;
}

std::chrono::milliseconds DailyFigures::Impl::slice() {
  const auto begin = Steady::now();
  const auto progress = scan->step(options.slice);
  if (!progress) {
    log::warn("FIGURES_FAILED", "the figures of care cannot be made; tried again later",
              {{"reason", progress.error().code.slug()}, {"error", progress.error().context}});
    scan.reset();
    put_off(clock.now());
    return kIdle;
  }
  if (*progress == CareScan::Progress::kOtherRules) {
    log::info("FIGURES_WAIT", "the figures of care wait for states folded with these rules");
    scan.reset();
    put_off(clock.now());
    return kIdle;
  }
  const auto took = Steady::now() - begin;
  busy += took;
  if (*progress == CareScan::Progress::kDone) finish();
  return std::min(std::chrono::ceil<std::chrono::milliseconds>(took * kRestShare), kIdle);
}

void DailyFigures::Impl::finish() {
  CareDay made = day_after(care, figures_day(scan->as_of()), scan->as_of(), scan->cells());
  const std::int64_t citizens = scan->citizens();
  scan.reset();
  // Kept before it is served: after a restart the same day must not begin from other counts.
  if (!write_care_day(options.memory, made)) {
    log::warn("FIGURES_NOT_KEPT",
              "the figures of care cannot be written and are made anew at a start",
              {{"file", options.memory.string()}});
  }
  log::info("FIGURES_MADE", "the day's figures of care are made",
            {{"day", domain::to_text(made.day)},
             {"citizens", citizens},
             {"busy_ms", std::chrono::duration_cast<std::chrono::milliseconds>(busy).count()}});
  const std::lock_guard lock(mutex);
  care = std::move(made);
}

DailyFigures::DailyFigures(DailyFiguresOptions options, const domain::Rules& rules,
                           const domain::Fold& fold, const View& view, const Clock& clock,
                           telemetry::Registry& registry, const std::atomic<bool>& caught_up)
    : impl_(std::make_unique<Impl>(std::move(options), rules, fold, view, clock, caught_up)) {
  impl_->list(registry);
}

DailyFigures::~DailyFigures() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->stop.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void DailyFigures::start() {
  impl_->thread = std::thread([impl = impl_.get()] {
    for (;;) {
      const std::chrono::milliseconds rest = impl->turn();
      std::unique_lock lock(impl->mutex);
      if (impl->stop.wait_for(lock, rest, [impl] { return impl->stopping; })) return;
    }
  });
}

std::chrono::milliseconds DailyFigures::turn() { return impl_->turn(); }

}  // namespace kronika::gateway
