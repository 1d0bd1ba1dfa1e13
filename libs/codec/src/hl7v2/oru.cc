// ORU^R01: an OBX whose code is a measure of the reference data is a measurement of its order
// (OBR).
#include "adapter/codes.h"
#include "hl7v2/hl7v2.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

namespace kronika::codec::hl7v2 {
namespace {

using domain::MeasurementRecorded;
using domain::Op;
using domain::Reason;

// HL7 table 0085 (observation result status).
constexpr std::array<std::string_view, 13> kStatuses{"F", "C", "P", "R", "S", "I", "D",
                                                     "W", "X", "U", "O", "N", "V"};
constexpr std::array<FieldRule, 3> kResultProfile{{
    {SegmentId::kObx, 3, 1, Usage::kRequired, false, Form::kText, {}},
    {SegmentId::kObx, 11, 0, Usage::kRequired, false, Form::kTable, kStatuses},
    {SegmentId::kObx, 14, 0, Usage::kOptional, false, Form::kTime, {}},
}};
constexpr std::array<FieldRule, 3> kOrderProfile{{
    {SegmentId::kObr, 2, 1, Usage::kOptional, false, Form::kText, {}},
    {SegmentId::kObr, 3, 1, Usage::kOptional, false, Form::kText, {}},
    {SegmentId::kObr, 7, 0, Usage::kOptional, false, Form::kTime, {}},
}};

struct Code {
  std::string_view system;
  std::string_view code;
  const domain::MeasureCode* row = nullptr;
};

/// The first of the two codings of OBX-3 that the reference data know; else the first, for its
/// name.
Code find_code(const domain::Rules& rules, const Segment& obx) {
  Code found;
  for (const int first : {1, 4}) {
    const std::string_view sent = obx.raw(3, first + 2);
    const std::string_view code = obx.raw(3, first);
    const std::string_view system = coding_system(sent);
    const auto* row = system.empty() || code.empty() ? nullptr : rules.measure_code(system, code);
    if (found.row == nullptr && (row != nullptr || found.code.empty())) {
      found = {system.empty() ? sent : system, code, row};
    }
  }
  return found;
}

std::optional<double> number_in(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  // Digits alone may begin a number: from_chars would also take "nan" and "inf".
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool allows(const domain::Measure& measure, std::string_view value) {
  return std::find(measure.allowed_values.begin(), measure.allowed_values.end(), value) !=
         measure.allowed_values.end();
}

struct Status {
  Op op = Op::kCreate;
  bool preliminary = false;
  bool says_nothing = false;
};
Status status_of(std::string_view code) {
  if (code == "C") return {Op::kRevise, false, false};
  if (code == "D" || code == "W" || code == "X") return {Op::kCancel, false, false};
  if (code == "P" || code == "R" || code == "S") return {Op::kCreate, true, false};
  // Pending, asked for, or a change of status that repeats no value.
  if (code == "I" || code == "O" || code == "N" || code == "U") {
    return {Op::kCreate, false, true};
  }
  return {};
}

class Results {
 public:
  explicit Results(Reader& reader) : reader_(reader) {}

  void read() {
    const Syntax& syntax = reader_.syntax();
    bool any = false;
    for (std::size_t i = 0; i < syntax.segments.size(); ++i) {
      if (syntax.segments[i].id == SegmentId::kObr) {
        order(syntax.segment(i));
      } else if (syntax.segments[i].id == SegmentId::kObx) {
        any = true;
        result(syntax.segment(i));
      }
    }
    if (!any) {
      reader_.header_fault(Reason::kFieldMissing, "OBX", "ORU^R01 needs at least one OBX segment.");
    }
  }

 private:
  void order(const Segment& obr) {
    obr_ = obr;
    order_faults_.clear();
    reader_.check(obr, kOrderProfile, order_faults_);
    order_id_ = reader_.text(obr, 3, 1, order_faults_);  // filler's number, else the placer's
    if (order_id_.empty()) order_id_ = reader_.text(obr, 2, 1, order_faults_);
    order_time_ = reader_.time(obr, 7);
  }

  /// Why OBX-2 and OBX-5 are no measurement, if they are none; else the value is in `m`.
  std::string read_value(const Segment& obx, const domain::Measure& measure, MeasurementRecorded& m,
                         std::vector<Fault>& faults) {
    const std::string_view type = obx.raw(2);
    if (obx.repetitions(5) > 1) {
      faults.push_back({Reason::kValueMissing, obx.place(5, 0, 2),
                        "An OBX holds one value here; send each value in an OBX of its own."});
      return {};
    }
    if (obx.raw(5).empty() && type != "SN") return {};  // check() says VALUE_MISSING
    if (type.empty()) {
      faults.push_back({Reason::kFieldMissing, obx.place(2),
                        "OBX-2 names the type of the value; send NM, SN, CWE or ST."});
      return {};
    }
    if (type == "SN") {
      const std::string_view comparator = obx.raw(5, 1);
      if (!comparator.empty() && comparator != "=") {
        return "value with comparator: a bound is no measurement";
      }
      if (!obx.raw(5, 3).empty()) return "value that is a range or a ratio: no measurement";
      if (const auto number = number_in(obx.raw(5, 2))) m.value = *number;
      return {};
    }
    if (type == "CE" || type == "CWE" || type == "CNE" || type == "IS" || type == "ID") {
      coded_value(obx, measure, m, faults);
      return {};
    }
    const std::string text = reader_.text(obx, 5, 1, faults);
    const auto number = number_in(text);
    if (number && measure.kind != domain::ValueKind::kCode) {
      m.value = *number;
    } else if (type != "NM") {
      std::string upper = text;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      m.value = std::move(upper);
    }
    return {};
  }

  void coded_value(const Segment& obx, const domain::Measure& measure, MeasurementRecorded& m,
                   std::vector<Fault>& faults) {
    for (const int first : {1, 4}) {
      const std::string code = reader_.text(obx, 5, first, faults);
      if (code.empty() || std::holds_alternative<std::string>(m.value)) continue;
      if (allows(measure, code)) {
        m.value = code;
      } else if (const auto ours = codec::coded_value(measure.key, code); !ours.empty()) {
        m.value = std::string(ours);
      }
    }
    if (!std::holds_alternative<std::string>(m.value)) {
      m.value = reader_.text(obx, 5, 1, faults);  // check() says ENUM_UNKNOWN
    }
  }

  void result(const Segment& obx) {
    static constexpr std::array<std::string_view, 11> kTypes{"",   "NM",  "SN",  "ST", "TX", "FT",
                                                             "CE", "CWE", "CNE", "IS", "ID"};
    if (std::find(kTypes.begin(), kTypes.end(), obx.raw(2)) == kTypes.end()) {
      return reader_.ignore("OBX-2 " + shown(obx.raw(2)) + ": no measurement", obx.place(2));
    }
    Draft draft = reader_.draft();
    reader_.check(obx, kResultProfile, draft.faults);
    const Code code = find_code(reader_.rules(), obx);
    if (code.row == nullptr && !code.code.empty()) {
      if (!code.system.empty()) {
        return reader_.ignore("Observation code " + shown(code.system) + " " + shown(code.code),
                              obx.place(3));
      }
      draft.faults.push_back({Reason::kFieldMissing, obx.place(3, 3),
                              "The code names no coding system; send it (LN, NPU, SCT, ...)."});
    }
    const Status status = status_of(obx.raw(11));
    if (status.says_nothing && draft.faults.empty()) {
      return reader_.ignore("OBX-11 " + shown(obx.raw(11)) + ": no result", obx.place(11));
    }
    draft.event.op = status.op;

    MeasurementRecorded m;
    m.code_system = code.system;
    m.code = code.code;
    m.preliminary = status.preliminary;
    if (code.row != nullptr) {
      const domain::Measure& measure = reader_.rules().measures[code.row->measure];
      const std::string no_value = read_value(obx, measure, m, draft.faults);
      if (!no_value.empty() && status.op != Op::kCancel) {
        return reader_.ignore(no_value, obx.place(5));
      }
    }
    m.unit = reader_.text(obx, 6, 1, draft.faults);
    if (m.unit.empty()) m.unit = reader_.text(obx, 6, 2, draft.faults);
    draft.event.payload = std::move(m);

    When when = reader_.time(obx, 14);
    if (!when.known() && obx.raw(14).empty()) when = order_time_;
    if (!when.known() && obx.raw(14).empty()) {
      draft.faults.push_back({Reason::kFieldMissing, obx.place(14),
                              "The time of the measurement is missing, here and in OBR-7."});
    }
    draft.event.occurred_at = when.at;
    draft.event.time_precision = when.precision;
    name(obx, code, draft);
    put(obx, std::move(draft));
  }

  /// The fact is the code, and OBX-4 if there is one, of the order.
  void name(const Segment& obx, const Code& code, Draft& draft) {
    for (const Fault& fault : order_faults_) draft.faults.push_back(fault);
    if (order_id_.empty() && order_faults_.empty()) {
      draft.faults.push_back(
          {Reason::kFieldMissing, obr_ ? obr_.place(3, 1) : "OBR",
           "Without an order number (OBR-3 or OBR-2) a correction could not find "
           "this result."});
    }
    const std::string sub = reader_.text(obx, 4, 1, draft.faults);
    std::string& id = draft.event.source_message_id;
    id = order_id_ + "/" + std::string(code.code);
    if (!sub.empty()) id += "/" + sub;
    if (draft.faults.empty() && !named_.insert(id).second) {
      draft.faults.push_back({Reason::kFieldMissing, obx.place(4),
                              "Another OBX of this order has the same code; tell them apart by "
                              "OBX-4."});
    }
  }

  void put(const Segment& obx, Draft draft) {
    const auto place_of = [&](std::string_view field) -> std::string {
      if (field == "measurement_recorded.value") return obx.place(5);
      if (field == "measurement_recorded.unit") return obx.place(6);
      if (field == "measurement_recorded.code") return obx.place(3, 1);
      if (field == "recorded_at") return "MSH-7";
      if (field == "sender_org") return "MSH-4";
      if (field == "birth_date") return "PID-3";
      if (field != "occurred_at") return {};
      return obx.raw(14).empty() && obr_ ? obr_.place(7) : obx.place(14);
    };
    reader_.finish(std::move(draft), obx.place(), place_of);
  }

  Reader& reader_;
  Segment obr_;
  std::vector<Fault> order_faults_;
  std::string order_id_;
  When order_time_;
  std::set<std::string> named_;
};

}  // namespace

void read_results(Reader& reader) {
  reader.read_sender();
  reader.read_person();
  Results(reader).read();
}

}  // namespace kronika::codec::hl7v2
