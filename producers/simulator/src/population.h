// Who lives where: the inhabitants, their diseases and their providers.
#pragma once

#include "random.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <kronika/domain/event.h>
#include <kronika/domain/rules.h>
#include <kronika/simulator/simulator.h>

namespace kronika::simulator {

/// The time line in civil days, both ends included.
struct Timeline {
  domain::CivilDate from;
  domain::CivilDate to;
  Instant end;
  [[nodiscard]] int days() const { return to - from + 1; }
};
[[nodiscard]] Timeline timeline_of(const Options& options);

/// A disease of a citizen. `since` may lie before the time line.
struct Disease {
  domain::ProgrammeIndex programme = domain::kNoProgramme;
  domain::CivilDate since;
};

struct Move {
  domain::CivilDate on;
  domain::Municipality to = 0;
};

struct Citizen {
  std::uint32_t index = 0;
  std::string identifier;
  domain::Sex sex = domain::Sex::kUnknown;
  domain::CivilDate birth;
  domain::Municipality home = 0;  ///< on the first day
  std::vector<Move> moves;
  std::string education;                   ///< DST code; empty for children
  std::optional<domain::CivilDate> death;  ///< within the time line
  std::vector<Disease> diseases;

  [[nodiscard]] domain::Municipality municipality_on(domain::CivilDate date) const;
};

/// Organisations by municipality, from Rules. Immutable.
class Providers {
 public:
  explicit Providers(const domain::Rules& rules, domain::CivilDate on);
  [[nodiscard]] const std::string& municipal(domain::Municipality m) const;
  [[nodiscard]] const std::string& practice(domain::Municipality m, std::uint32_t citizen) const;
  [[nodiscard]] const std::string& hospital(domain::Municipality m, std::uint32_t choice) const;
  [[nodiscard]] const std::string& person_register() const { return register_; }

 private:
  using ByPlace = std::map<domain::Municipality, std::vector<std::string>>;
  [[nodiscard]] const std::string& pick(const ByPlace& places, domain::Municipality m,
                                        std::uint32_t choice) const;
  ByPlace municipal_, practices_, hospitals_;
  std::string register_;
};

class Population {
 public:
  Population(const domain::Rules& rules, const Options& options);
  [[nodiscard]] Citizen citizen(std::uint32_t index) const;
  [[nodiscard]] const Timeline& timeline() const { return timeline_; }

 private:
  void draw_diseases(Citizen& citizen, Random& random) const;
  void draw_fate(Citizen& citizen, Random& random) const;

  const domain::Rules& rules_;
  Timeline timeline_;
  std::uint64_t seed_;
  std::uint64_t first_identifier_;
  std::vector<domain::Municipality> places_;
  std::vector<double> inhabitants_;
};

}  // namespace kronika::simulator
