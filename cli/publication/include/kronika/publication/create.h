// Makes and reads publications on the topic publikation.
//
//   auto maker = Maker::open(client, rules, tables);  // no other maker writes from here on
//   auto made = (*maker)->create(indicator, period, now, includes_simulated);
//   made->published;                                  // false: nothing new to tell
//
// Exactly one record a revision number: the maker holds the name "publikation" by Kafka's fencing
// (bus::ExclusiveWriter) and reads the topic after it has the name. A maker opened later takes the
// name away, and this one's create() then fails with bus_fenced. Thread: one at a time.
#pragma once

#include <memory>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/bus/options.h>
#include <kronika/domain/publication.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/table_maker.h>

namespace kronika::publication {

struct Made {
  domain::Publication publication;  ///< what was published, or would have been
  bool published = false;           ///< false: it shows nothing that the latest does not show so
};

class Maker {
 public:
  /// Takes the name, then reads all earlier publications and the exact cells as they stand.
  /// `rules` must outlive the maker. `tables` says whether there are rates per inhabitant, and
  /// from when on incidence. Errors: bus_*, codec_undecodable.
  [[nodiscard]] static Result<std::unique_ptr<Maker>> open(const bus::ClientOptions& client,
                                                           const domain::Rules& rules,
                                                           domain::TableSettings tables = {});
  virtual ~Maker() = default;

  /// Errors: publication_*, bus_fenced (another operator took over), bus_*.
  [[nodiscard]] virtual Result<Made> create(domain::Indicator indicator,
                                            const domain::PublicationPeriod& period, Instant now,
                                            bool includes_simulated) = 0;
};

/// Every publication of the topic, by indicator, period and revision. Errors: bus_*.
[[nodiscard]] Result<std::vector<domain::Publication>> read_publications(
    const bus::ClientOptions& client);

}  // namespace kronika::publication
