// The goal register and the annual documentation as documents.
#pragma once

#include "documents/document.h"

#include <cstdint>
#include <map>
#include <string>

#include <google/protobuf/repeated_field.h>
#include <google/protobuf/timestamp.pb.h>

#include <kronika/query/v1/query.pb.h>

namespace kronika::cli::documents {

/// Organisations' names by SOR id, for the documents' tables.
class Names {
 public:
  explicit Names(const google::protobuf::RepeatedPtrField<query::v1::Organisation>& list);
  /// The SOR id itself where no name is known.
  [[nodiscard]] const std::string& of(const std::string& sor_id) const;

 private:
  std::map<std::string, std::string> names_;
};

[[nodiscard]] Document goals_document(const query::v1::GoalRegister& goals);
[[nodiscard]] Document annual_document(const query::v1::AnnualDocumentation& annual);

/// Facts "As of" and "Rules", and notices about simulated and refused reports.
void add_basis(const query::v1::ReportBasis& basis, Document& document);
/// Of one area: how many goals stand how, and the goals themselves.
[[nodiscard]] DataTable goals_table(const query::v1::GoalArea& area, const Names& names,
                                    const query::v1::ReportBasis& basis);

/// "2026-11-22 12:00", Copenhagen.
[[nodiscard]] std::string time_text(const google::protobuf::Timestamp& time);
/// "1, hash 0123456789abcdef"
[[nodiscard]] std::string rules_text(const query::v1::RuleGeneration& rules);
/// Hundredths of a krone as "585,000,000.00".
[[nodiscard]] std::string kroner(std::int64_t oere);
/// "IN_PROGRESS" as "in progress".
[[nodiscard]] std::string words(std::string status);

}  // namespace kronika::cli::documents
