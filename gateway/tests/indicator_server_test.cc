// Indicators and publications through the real server.
#include "server_fixture.h"

#include <set>

#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/publication_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

using namespace query::v1;

TEST_F(ServerTest, SuppressesSmallCountsOfAnIndicator) {
  for (int i = 0; i < 12; ++i) {
    domain::Event e =
        platform_.event(FakePlatform::person("p" + std::to_string(i)), "2025-01-06 09:00",
                        domain::DiagnosisRecorded{"SKS", "DJ449", {}});
    e.residence_municipality = i < 9 ? "0751" : "0740";  // 3 in Silkeborg
    platform_.publish(e);
  }
  platform_.consume("2025-07-01 10:00");
  serve();
  IndicatorTable out;
  const grpc::Status status = table("I-01", "2025Q1", "MUNICIPALITY", out);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_GE(out.rows_size(), 98);
  EXPECT_TRUE(out.live());
  for (const IndicatorRow& row : out.rows()) {
    if (row.key() == "0740" || row.key() == "0751") {
      EXPECT_EQ(row.numerator().status(), FIGURE_STATUS_SUPPRESSED) << row.key();
      EXPECT_FALSE(row.numerator().has_value());
    } else {
      EXPECT_EQ(row.numerator().status(), FIGURE_STATUS_SHOWN) << row.key();
    }
    EXPECT_EQ(row.denominator().status(), FIGURE_STATUS_NO_DATA)
        << "population counts are not available";
  }
  EXPECT_EQ(out.total().numerator().value(), 12);
  ASSERT_TRUE(table("I-01", "2025Q1", "REGION", out, "KOL").ok());
  for (const IndicatorRow& row : out.rows()) {
    if (row.key() == "1082") {
      EXPECT_EQ(row.numerator().value(), 12);
    }
  }
}

TEST_F(ServerTest, AnswersFreshFiguresAfterACellHasChanged) {
  platform_.publish(platform_.event(FakePlatform::person("a"), "2025-01-06 09:00",
                                    domain::DiagnosisRecorded{"SKS", "DJ449", {}}));
  platform_.consume("2025-07-01 10:00");
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-01", "2025Q1", "NATION", out).ok());
  EXPECT_EQ(out.total().numerator().status(), FIGURE_STATUS_SUPPRESSED);
  for (int i = 0; i < 6; ++i) {
    platform_.publish(platform_.event(FakePlatform::person("b" + std::to_string(i)),
                                      "2025-01-07 09:00",
                                      domain::DiagnosisRecorded{"SKS", "DJ449", {}}));
  }
  platform_.consume("2025-07-02 10:00");
  serve();
  ASSERT_TRUE(table("I-01", "2025Q1", "NATION", out).ok());
  EXPECT_EQ(out.total().numerator().value(), 7);
}

TEST_F(ServerTest, CountsWhichPlacesReportedWithoutSuppression) {
  domain::Event e = platform_.event(FakePlatform::person("a"), "2026-11-06 09:00",
                                    domain::DiagnosisRecorded{"SKS", "DJ449", {}});
  e.sender_org = "990000000000303";  // of the municipality 0265
  platform_.publish(e);
  e = platform_.event(FakePlatform::person("a"), "2027-01-06 09:00", testing::spo2(94));
  e.sender_org = "990000000000203";  // a hospital there
  platform_.publish(e);
  platform_.consume("2027-04-01 10:00");
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-24", "2026Q4", "NATION", out).ok());
  ASSERT_EQ(out.rows_size(), 2);
  EXPECT_EQ(out.rows(0).key(), "MUNICIPALITIES");
  EXPECT_EQ(out.rows(0).numerator().value(), 1);
  EXPECT_EQ(out.rows(0).denominator().value(), 98);
  EXPECT_EQ(out.rows(1).numerator().value(), 0);
  EXPECT_EQ(out.rows(1).denominator().value(), 5);
  ASSERT_TRUE(table("I-24", "2027Q1", "REGION", out).ok());
  EXPECT_EQ(out.rows_size(), 4) << "from 2027 there are four regions";
  EXPECT_EQ(out.total().numerator().value(), 1);
  for (const IndicatorRow& row : out.rows()) {
    EXPECT_EQ(row.numerator().value(), row.key() == "OEST" ? 1 : 0) << row.key();
  }
  ASSERT_TRUE(table("I-24", "2027Q1-R", "MUNICIPALITY", out).ok());
  EXPECT_EQ(out.total().numerator().value(), 1) << "in the window's last but one quarter";
  EXPECT_EQ(reason_of(table("I-24", "2027Q1", "REGION", out, "KOL")), "table_unknown");
}

TEST_F(ServerTest, ServesPublicationsAsTheyWerePublished) {
  const auto publish = [&](std::uint32_t revision, std::int64_t count, const char* period) {
    domain::Publication p;
    p.indicator = domain::Indicator::kI08Uptake;
    p.period = *domain::parse_period(period);
    p.revision = revision;
    p.rules = {7, 0xabc};
    p.as_of = testing::at("2025-05-01 00:00");
    p.published_at = testing::at("2025-05-02 09:00");
    domain::PublishedRow row;
    row.key = "DK";
    row.numerator = {domain::FigureStatus::kShown, count};
    row.denominator = {domain::FigureStatus::kSuppressed, 0};
    row.second = {domain::FigureStatus::kShown, 7};
    p.tables = {{domain::TableKind::kNation, "", {row}, row},
                {domain::TableKind::kNation, "KOL", {row}, row}};
    std::string value;
    bus::append_wire_prefix(codec::kPublicationSchemaId, value);
    value += codec::encode_publication(p);
    auto& log = platform_.log(bus::kPublikation, 0);
    testing::LogRecord record;
    record.offset = static_cast<std::int64_t>(log.size());
    record.key = domain::publication_key(p.indicator, p.period, revision);
    record.value = value;
    log.push_back(record);
  };
  publish(1, 20, "2025Q1");
  publish(2, 30, "2025Q1");
  publish(2, 99, "2025Q1");  // a number that is taken: the first copy stands
  publish(1, 50, "2025Q2");
  serve();
  EXPECT_EQ(view_->publication_count(), 3);

  ListPublicationsRequest wanted;
  wanted.set_page_size(2);
  ListPublicationsResponse list;
  const auto all = &query::v1::PublicationService::Stub::ListPublications;
  ASSERT_TRUE(call(all, *publications_, wanted, list).ok());
  ASSERT_EQ(list.publications_size(), 2);
  EXPECT_EQ(list.publications(0).revision(), 1U);
  EXPECT_FALSE(list.publications(0).latest());
  EXPECT_TRUE(list.publications(1).latest());
  EXPECT_EQ(list.publications(1).rules().hash(), "0000000000000abc");
  wanted.set_page_token(list.next_page_token());
  ASSERT_TRUE(call(all, *publications_, wanted, list).ok());
  ASSERT_EQ(list.publications_size(), 1);
  EXPECT_EQ(list.publications(0).period(), "2025Q2");
  EXPECT_TRUE(list.next_page_token().empty());

  GetPublicationRequest request;
  request.set_indicator("I-08");
  request.set_period("2025Q1");
  request.set_table("NATION");
  PublicationTable out;
  const auto get_one = &query::v1::PublicationService::Stub::GetPublication;
  ASSERT_TRUE(call(get_one, *publications_, request, out).ok());
  EXPECT_EQ(out.publication().revision(), 2U);
  EXPECT_FALSE(out.table().live());
  ASSERT_EQ(out.table().rows_size(), 1);
  EXPECT_EQ(out.table().rows(0).numerator().value(), 30);
  EXPECT_EQ(out.table().rows(0).denominator().status(), FIGURE_STATUS_SUPPRESSED);
  EXPECT_EQ(out.table().rows(0).second().value(), 7);
  request.set_revision(1);
  request.set_programme("KOL");
  ASSERT_TRUE(call(get_one, *publications_, request, out).ok());
  EXPECT_EQ(out.table().rows(0).numerator().value(), 20);
  EXPECT_FALSE(out.publication().latest());
  request.set_programme("T2D");
  ASSERT_TRUE(call(get_one, *publications_, request, out).ok());
  EXPECT_EQ(out.table().rows_size(), 0) << "a programme that counted nothing";
  request.set_revision(3);
  EXPECT_EQ(reason_of(call(get_one, *publications_, request, out)), "publication_unknown");
  request.set_revision(0);
  request.set_table("REGION");
  EXPECT_EQ(reason_of(call(get_one, *publications_, request, out)), "table_unknown");
}

TEST_F(ServerTest, DividesTheNationAndItsRegionsByClass) {
  for (int i = 0; i < 12; ++i) {
    domain::Event e =
        platform_.event(FakePlatform::person("p" + std::to_string(i)), "2025-01-06 09:00",
                        domain::DiagnosisRecorded{"SKS", "DJ449", {}});
    e.sex = i < 6 ? domain::Sex::kFemale : domain::Sex::kMale;
    platform_.publish(e);
  }
  platform_.consume("2025-07-01 10:00");
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-01", "2025Q1", "SEX", out, "KOL").ok());
  ASSERT_EQ(out.rows_size(), 3);
  EXPECT_EQ(out.rows(0).key(), "MALE");
  EXPECT_EQ(out.rows(0).numerator().value(), 6);
  EXPECT_EQ(out.rows(1).key(), "FEMALE");
  EXPECT_EQ(out.rows(1).numerator().value(), 6);
  EXPECT_EQ(out.rate_per(), 1000);
  EXPECT_FALSE(out.notes().empty()) << "there are no resident counts";
  ASSERT_TRUE(table("I-01", "2025Q1", "REGION_SEX", out).ok());
  EXPECT_EQ(out.rows(0).by(), "MALE");
  EXPECT_EQ(reason_of(table("I-01", "2025Q1", "REGION_SEX", out, "KOL")), "table_unknown");
  EXPECT_EQ(reason_of(table("I-12", "2025Q1", "LEVEL", out)), "table_unknown");
  ASSERT_TRUE(table("I-10", "2025Q1", "REASON", out, "KOL").ok());
  ASSERT_EQ(out.rows_size(), 7) << "six reasons of the reference data that count as a dropout";
  EXPECT_EQ(out.rows(0).name(), "Aktivt fravalg");
  EXPECT_EQ(out.rows(0).unknown().status(), FIGURE_STATUS_NO_DATA);
  EXPECT_EQ(out.rows(6).key(), "UNKNOWN");
  ASSERT_TRUE(table("I-19", "2025Q1", "SET", out).ok());
  ASSERT_EQ(out.rows_size(), 5);
  EXPECT_EQ(out.rows(1).key(), "ACSC_KOL");
  EXPECT_EQ(reason_of(table("I-10", "2025Q1", "SET", out)), "table_unknown");
  EXPECT_EQ(reason_of(table("I-08", "2025Q1", "REASON", out)), "table_unknown");
}

TEST_F(ServerTest, SetsCountsAgainstInhabitantsWhereTheyAreKnown) {
  auto residents = std::make_shared<domain::Residents>();
  const domain::Quarter quarter = *domain::parse_quarter("2025Q1");
  ASSERT_TRUE(residents->add(quarter, {751, domain::Sex::kFemale, domain::ResidentBand::k45To64},
                             {900, 1000}));
  services_->tables.residents = residents;
  for (int i = 0; i < 8; ++i) {
    platform_.publish(platform_.event(FakePlatform::person("p" + std::to_string(i)),
                                      "2025-01-06 09:00",
                                      domain::DiagnosisRecorded{"SKS", "DJ449", {}}));
  }
  platform_.consume("2025-07-01 10:00");
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-01", "2025Q1", "NATION", out, "KOL").ok());
  EXPECT_EQ(out.total().denominator().value(), 1000);
  EXPECT_DOUBLE_EQ(out.total().rate().value(), 8.0);
  ASSERT_TRUE(table("I-01", "2025Q1", "NATION", out).ok());
  EXPECT_EQ(out.total().denominator().status(), FIGURE_STATUS_NO_DATA)
      << "a person may have several programmes";
  ASSERT_TRUE(table("I-02", "2025Q1", "NATION", out, "KOL").ok());
  EXPECT_EQ(out.total().numerator().status(), FIGURE_STATUS_NO_DATA)
      << "nobody has said since when the data are complete";
}

TEST_F(ServerTest, ShowsTheStandardsAndTheEducationGap) {
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-15", "2025Q1", "NATION", out).ok());
  ASSERT_EQ(out.standards_size(), 2);
  EXPECT_EQ(out.standards(1).figure(), "SECOND_RATE");
  ASSERT_EQ(out.total().verdicts_size(), 2);
  EXPECT_EQ(out.total().verdicts(0), VERDICT_NO_DATA);
  ASSERT_TRUE(table("I-23", "2025Q1", "EDUCATION", out).ok());
  ASSERT_EQ(out.gaps_size(), 4);
  EXPECT_EQ(out.gaps(3).indicator(), "I-15");
  EXPECT_EQ(out.gaps(3).points().status(), FIGURE_STATUS_NO_DATA);
}

}  // namespace
}  // namespace kronika::gateway
