// What revisions and rolling periods share: rows of publications by name, and how a row's figures
// are withheld.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include <kronika/domain/publication.h>

namespace kronika::domain {

inline constexpr Figure kSuppressedFigure{FigureStatus::kSuppressed, 0};
inline constexpr Rate kSuppressedRate{FigureStatus::kSuppressed, 0};

/// Table, programme, PublishedRow::key and PublishedRow::by.
using RowName = std::tuple<TableKind, std::string, std::string, std::string>;
using RowIndex = std::map<RowName, const PublishedRow*>;

[[nodiscard]] RowName name_of(const PublishedTable& table, const PublishedRow& row);
/// All rows and totals; the publication must outlive the index.
[[nodiscard]] RowIndex index_of(const Publication& publication);
/// Of a row that a publication does not have: zeros.
[[nodiscard]] const PublishedRow& row_or_nothing(const PublishedRow* row);

/// Each hides what follows from the figure, too; what has no data stays so.
void suppress_numerator(PublishedRow& row);
void suppress_second(PublishedRow& row);
void suppress_denominator(PublishedRow& row);

}  // namespace kronika::domain
