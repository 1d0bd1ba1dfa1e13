// What happens to one citizen on the time line, as drafts: facts with their times and senders,
// before messages are made of them.
#pragma once

#include "population.h"

#include <string>
#include <vector>

namespace kronika::simulator {

/// Which system reports; becomes part of source_system.
enum class Source : std::uint8_t { kPractice, kHospital, kMunicipality, kTelemedicine, kRegister };

struct Draft {
  Instant occurred;
  bool date_only = false;
  bool initial_load = false;  ///< known before the time line; sent on its first days
  Source source = Source::kPractice;
  std::string sender;
  domain::Payload payload;
};

/// Makes the drafts of a citizen; one object may be used for many.
class LifeWriter {
 public:
  LifeWriter(const domain::Rules& rules, const Population& population, const Providers& providers,
             std::uint64_t seed);

  /// In the order of writing, not of time. Nothing lies after death or after the time line.
  [[nodiscard]] std::vector<Draft> write(const Citizen& citizen);

 private:
  using Day = domain::CivilDate;

  void person();
  void disease(const Disease& disease, std::size_t nth);
  void pathway(const Disease& disease, Day from, const std::string& receiver);
  void rehabilitation(domain::ProgrammeIndex programme, Day from, const std::string& receiver);
  void controls(const Disease& disease);
  void telemonitoring(Day from);
  void stays();
  [[nodiscard]] Day stay(Day from, bool acute);

  void add(Day day, Source source, std::string sender, domain::Payload payload);
  void add_at(Instant at, Source source, std::string sender, domain::Payload payload);
  void measure(Day day, Source source, const std::string& sender, std::string_view key,
               double value, domain::Timepoint timepoint = domain::Timepoint::kUnspecified);
  void measure_coded(Day day, std::string_view key, std::string_view value);
  [[nodiscard]] std::string diagnosis_code(domain::ProgrammeIndex programme);
  [[nodiscard]] const std::string& id(domain::ProgrammeIndex p) const {
    return rules_.programmes[p].id;
  }
  [[nodiscard]] std::string name(char kind);
  [[nodiscard]] const std::string& practice(Day day) const;
  [[nodiscard]] Instant office_hour(Day day);

  const domain::Rules& rules_;
  const Providers& providers_;
  const Timeline timeline_;
  std::uint64_t seed_;
  const Citizen* citizen_ = nullptr;
  Random random_{0};
  int names_ = 0;
  std::vector<Draft> drafts_;
};

}  // namespace kronika::simulator
