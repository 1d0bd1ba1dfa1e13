#include "kronika/state/v1/publication.pb.h"
#include <kronika/codec/errc.h>
#include <kronika/codec/publication_codec.h>

namespace kronika::codec {
namespace {

using state::v1::PublishedStatus;

PublishedStatus status_of(domain::FigureStatus status) {
  switch (status) {
    case domain::FigureStatus::kShown:
      return state::v1::PUBLISHED_STATUS_SHOWN;
    case domain::FigureStatus::kSuppressed:
      return state::v1::PUBLISHED_STATUS_SUPPRESSED;
    case domain::FigureStatus::kNoData:
      break;
  }
  return state::v1::PUBLISHED_STATUS_NO_DATA;
}

/// What a later release may add is not shown.
domain::FigureStatus status_of(PublishedStatus status) {
  if (status == state::v1::PUBLISHED_STATUS_SHOWN) return domain::FigureStatus::kShown;
  if (status == state::v1::PUBLISHED_STATUS_NO_DATA) return domain::FigureStatus::kNoData;
  return domain::FigureStatus::kSuppressed;
}

template <class Figure, class Message>
void put(const Figure& figure, Message& out) {
  out.set_status(status_of(figure.status));
  if (figure.status == domain::FigureStatus::kShown) out.set_value(figure.value);
}

template <class Figure, class Message>
void take(const Message& message, Figure& out) {
  out.status = status_of(message.status());
  out.value = {};
  if (out.status == domain::FigureStatus::kShown) out.value = message.value();
}

void put_row(const domain::PublishedRow& row, state::v1::PublishedRow& out) {
  out.set_key(row.key);
  out.set_name(row.name);
  put(row.numerator, *out.mutable_numerator());
  put(row.denominator, *out.mutable_denominator());
  put(row.unknown, *out.mutable_unknown());
  put(row.excluded, *out.mutable_excluded());
  put(row.rate, *out.mutable_rate());
  put(row.median, *out.mutable_median());
  put(row.p90, *out.mutable_p90());
  put(row.mean, *out.mutable_mean());
  out.set_by(row.by);
  put(row.second, *out.mutable_second());
  put(row.second_rate, *out.mutable_second_rate());
}

domain::PublishedRow row_of(const state::v1::PublishedRow& message) {
  domain::PublishedRow row;
  row.key = message.key();
  row.name = message.name();
  take(message.numerator(), row.numerator);
  take(message.denominator(), row.denominator);
  take(message.unknown(), row.unknown);
  take(message.excluded(), row.excluded);
  take(message.rate(), row.rate);
  take(message.median(), row.median);
  take(message.p90(), row.p90);
  take(message.mean(), row.mean);
  row.by = message.by();
  take(message.second(), row.second);
  take(message.second_rate(), row.second_rate);
  return row;
}

}  // namespace

std::string encode_publication(const domain::Publication& publication) {
  state::v1::Publication out;
  out.set_indicator(std::string(domain::id_of(publication.indicator)));
  out.set_period(domain::to_text(publication.period));
  out.set_revision(publication.revision);
  out.set_generation(publication.rules.ordinal);
  out.set_generation_hash(publication.rules.hash);
  out.set_as_of_ms(publication.as_of.ms);
  out.set_published_ms(publication.published_at.ms);
  out.set_includes_simulated(publication.includes_simulated);
  for (const domain::CutPosition& position : publication.cut) {
    auto& p = *out.add_cut();
    p.set_partition(position.partition);
    p.set_next_offset(position.next_offset);
  }
  for (const domain::PublishedTable& table : publication.tables) {
    auto& t = *out.add_tables();
    t.set_table(std::string(domain::name_of(table.kind)));
    t.set_programme(table.programme);
    for (const domain::PublishedRow& row : table.rows) put_row(row, *t.add_rows());
    put_row(table.total, *t.mutable_total());
  }
  return out.SerializeAsString();
}

Result<domain::Publication> decode_publication(std::string_view bytes) {
  state::v1::Publication message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(kUndecodable, "the value is no Publication");
  }
  const auto indicator = domain::indicator_from_id(message.indicator());
  const auto period = domain::parse_period(message.period());
  if (!indicator || !period || message.revision() == 0) {
    return fail(kUndecodable, "a publication of no indicator, period or revision");
  }
  domain::Publication out;
  out.indicator = *indicator;
  out.period = *period;
  out.revision = message.revision();
  out.rules = {message.generation(), message.generation_hash()};
  out.as_of = Instant{message.as_of_ms()};
  out.published_at = Instant{message.published_ms()};
  out.includes_simulated = message.includes_simulated();
  for (const auto& p : message.cut()) out.cut.push_back({p.partition(), p.next_offset()});
  for (const auto& t : message.tables()) {
    const auto kind = domain::table_from_name(t.table());
    if (!kind) continue;
    domain::PublishedTable& table = out.tables.emplace_back();
    table.kind = *kind;
    table.programme = t.programme();
    for (const auto& row : t.rows()) table.rows.push_back(row_of(row));
    table.total = row_of(t.total());
  }
  return out;
}

}  // namespace kronika::codec
