// kronika-indicators: sums the citizens' contributions into cells (see indicator_task.h).

#include <algorithm>

#include <kronika/consumer/program.h>
#include <kronika/indicators/indicator_task.h>

int main(int argc, char** argv) {
  constexpr std::size_t kBytesPerCell = 150;
  return kronika::consumer::run(
      argc, argv,
      {.name = "kronika-indicators",
       .settings = [](const kronika::config::Settings& s) -> const kronika::config::Consumer& {
         return s.indicators;
       },
       .make_spec =
           [](const kronika::consumer::Wiring& wiring) {
             const auto partitions =
                 static_cast<std::size_t>(std::max(1, wiring.settings.kafka.partitions));
             return kronika::indicators::indicator_task_spec(
                 {.cached_cells =
                      wiring.settings.indicators.cache_bytes / kBytesPerCell / partitions,
                  .on_canary = [&canary = wiring.canary](std::int32_t partition,
                                                         kronika::Instant published) {
                    canary.seen(partition, published);
                  }});
           },
       .canary_stage = "indicator"});
}
