// The final report of seven sections (SLUT): figures from the indicators, the goal register, the
// organisations' answers, and the author's own texts. Which indicators there are is for the gateway
// to say: one that it begins to serve appears by itself.
#pragma once

#include "documents/document.h"

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <kronika/query/v1/query.pb.h>

namespace kronika::cli::documents {

struct IndicatorAnswer {
  query::v1::IndicatorInfo info;
  /// By name, those of wanted_tables() that the indicator has.
  std::map<std::string, query::v1::IndicatorTable> tables;
  std::string problem;  ///< why there is no table; empty: there is
  /// The table whose total speaks for the nation; nullptr where there is none.
  [[nodiscard]] const query::v1::IndicatorTable* nation() const;
  [[nodiscard]] const query::v1::IndicatorTable* table(const std::string& name) const;
};
/// The tables that a final report shows: of the nation, of its regions, and of its classes.
[[nodiscard]] const std::vector<std::string>& wanted_tables();

/// The author's texts, by section ("1" to "7", "3a" to "3c").
using Texts = std::map<std::string, std::string>;

struct FinalInput {
  std::string period;  ///< "2026Q3"
  std::vector<IndicatorAnswer> indicators;
  query::v1::GoalRegister goals;
  query::v1::FinalAnswers answers;
  Texts texts;
};

[[nodiscard]] Document final_document(const FinalInput& input);
/// The same as one JSON object; tables and answers with the field names of query.proto.
[[nodiscard]] std::string final_json(const FinalInput& input);

/// A text file whose headings are section numbers: lines such as "## 3a" or "# 6. What now".
/// Nothing, with a sentence in `fault`, for a heading that is no section, a section that stands
/// twice, or text before the first heading.
[[nodiscard]] std::optional<Texts> read_texts(std::istream& in, std::string& fault);

}  // namespace kronika::cli::documents
