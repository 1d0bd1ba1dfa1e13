#include "impl.h"

#include <utility>

namespace kronika::verify {

void Verifier::Impl::differ(std::string kind, std::string where, std::string detail) {
  ++report.difference_count;
  if (report.differences.size() < options.max_differences) {
    report.differences.push_back({std::move(kind), std::move(where), std::move(detail)});
  }
}

Verifier::Verifier(const domain::Rules& rules, const domain::Fold& fold, LogSource& log,
                   const Options& options)
    : impl_(new Impl{rules, fold, log, options, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}) {}
Verifier::~Verifier() = default;

const Report& Verifier::report() const { return impl_->report; }

Result<void> Verifier::run(GatewaySource* gateway) {
  if (auto ok = impl_->check_states(); !ok) return ok;
  if (impl_->report.awaiting_refold > 0) return {};
  if (auto ok = impl_->check_cells(); !ok) return ok;
  if (auto ok = impl_->check_reports(gateway); !ok) return ok;
  if (gateway == nullptr) return {};
  return impl_->check_tables(*gateway);
}

std::string text_of(const domain::Rules& rules, const domain::CellKey& key) {
  std::string out(domain::id_of(key.indicator));
  out +=
      " " + domain::to_text(key.period) + (key.rolling ? "-R" : "") + (key.canary ? " canary" : "");
  out += " municipality " + std::to_string(key.at.municipality);
  if (key.at.programme < rules.programmes.size())
    out += " " + rules.programmes[key.at.programme].id;
  out += " level " + std::to_string(key.at.level) + " education " +
         std::to_string(static_cast<int>(key.at.education)) + " sex " +
         std::to_string(static_cast<int>(key.at.sex)) + " age band " +
         std::to_string(static_cast<int>(key.at.age)) + " detail " +
         std::to_string(static_cast<int>(key.at.detail));
  return out;
}

std::string text_of(const domain::CellValue& value) {
  std::string out = "num " + std::to_string(value.numerator) + " num2 " +
                    std::to_string(value.numerator2) + " den " + std::to_string(value.denominator) +
                    " unknown " + std::to_string(value.unknown) + " excluded " +
                    std::to_string(value.excluded) + " sum " +
                    std::to_string(value.sum_thousandths);
  if (!value.buckets.empty()) out += " in " + std::to_string(value.buckets.size()) + " buckets";
  return out;
}

}  // namespace kronika::verify
