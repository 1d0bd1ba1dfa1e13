// `kronika report`: what organisations report, and the final report with computed figures.
#pragma once

#include "context.h"

#include <cstdint>
#include <string>

namespace kronika::cli {

struct ReportOptions {
  std::string organisation;  ///< SOR id or code; empty: all
  std::uint32_t area = 0;    ///< 1 to 9; 0: all
  std::uint32_t year = 0;    ///< 0: all
  std::string as_of;         ///< an instant with offset, or a date (its end); empty: now
  std::string known_at;
  std::string period;  ///< "2026Q3"; empty: the last quarter that has ended
  std::string texts;   ///< file with the author's texts of the final report; empty: none
  bool html = false;   ///< else Markdown, unless --json
  std::string output;  ///< file; empty: standard output
};
int report_goals(const Context& context, const ReportOptions& options);
int report_annual(const Context& context, const ReportOptions& options);
int report_final(const Context& context, const ReportOptions& options);

}  // namespace kronika::cli
