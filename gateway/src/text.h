// Domain values as the API writes them.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/timestamp.pb.h>

#include <kronika/base/clock.h>
#include <kronika/domain/citizen.h>
#include <kronika/domain/evaluation.h>
#include <kronika/domain/event.h>
#include <kronika/domain/rules.h>

namespace kronika::gateway {

[[nodiscard]] std::string_view sex_text(domain::Sex sex);
[[nodiscard]] std::string_view tri_text(domain::Tri tri);
[[nodiscard]] std::string_view self_care_text(domain::SelfCare care);
[[nodiscard]] std::string_view setting_text(domain::Setting setting);
[[nodiscard]] std::string_view op_text(domain::Op op);
/// "0751"; empty for 0.
[[nodiscard]] std::string municipality_text(domain::Municipality code);
/// Shortest decimal that reads back as the same number: "7", "0.95".
[[nodiscard]] std::string number_text(double value);
/// A canonical value: a number, or the coded value's name.
[[nodiscard]] std::string value_text(const domain::Measure& measure, double value);
/// "1", "2", "3" or "UNKNOWN".
[[nodiscard]] std::string level_text(std::uint8_t level);
/// Empty for "never".
[[nodiscard]] std::string date_text(domain::CivilDate date);
/// The Copenhagen date of an instant; empty for "never".
[[nodiscard]] std::string date_text(Instant instant);
void set_time(Instant instant, google::protobuf::Timestamp* out);

/// One line: what the event says, in the words of the catalogue.
[[nodiscard]] std::string summary_of(const domain::Event& event);

}  // namespace kronika::gateway
