// The same door behind TLS, with and without certificates of clients.
#include "certificates.h"
#include "fixture.h"

#include <thread>

namespace kronika::door_fhir {
namespace {

class FhirTlsTest : public FhirDoorTest {
 protected:
  void open_with(bool clients) {
    options_.listen.section = "edge_fhir";
    certificates_.protect(options_.listen, clients);
    open();
  }
  /// The status of the answer to one message; 0: none.
  unsigned send(const edge::Certificates::Pair* own) {
    return status_of(certificates_.ask(door_->port(), own, post("/fhir/Condition", kDiagnosis)));
  }
  edge::Certificates certificates_;
};

TEST_F(FhirTlsTest, AnswersBehindTlsAndNotInPlaintext) {
  open_with(false);
  EXPECT_EQ(send(nullptr), 201U);
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", kDiagnosis))), 0U);
}

TEST_F(FhirTlsTest, TurnsAwayClientsWithoutACertificateOrWithAStrangers) {
  open_with(true);
  const auto own = certificates_.issue("client", "hospital");
  const auto strange = certificates_.issue("other", "hospital", true);
  EXPECT_EQ(send(nullptr), 0U);
  EXPECT_EQ(send(&strange), 0U);
  EXPECT_EQ(send(&own), 201U);
}

TEST_F(FhirTlsTest, ARenewedCertificateIsInForceWithoutARestart) {
  open_with(false);
  EXPECT_EQ(certificates_.shown_at(door_->port()), "first");
  (void)certificates_.issue("server", "second");
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (certificates_.shown_at(door_->port()) != "second") {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(send(nullptr), 201U);
}

TEST_F(FhirTlsTest, AnUnusableRenewalLeavesTheOldCertificateInForce) {
  open_with(false);
  std::ofstream(options_.listen.cert_file) << "no certificate";
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(certificates_.shown_at(door_->port()), "first");
}

TEST_F(FhirTlsTest, SendersAreBoundedByTheirCertificatesNotByTheirCommonAddress) {
  options_.peers.each.connections = 1;
  open_with(true);
  const auto hospital = certificates_.issue("client", "hospital");
  const auto practice = certificates_.issue("other", "practice");
  edge::Certificates::Client first(certificates_, door_->port(), &hospital);
  boost::system::error_code fault;
  asio::write(first.stream, asio::buffer(post("/fhir/Condition", kDiagnosis)), fault);
  std::array<char, 4096> answer{};
  EXPECT_GT(first.stream.read_some(asio::buffer(answer), fault), 0U);
  EXPECT_EQ(send(&hospital), 0U);
  EXPECT_EQ(send(&practice), 201U);
}

TEST_F(FhirTlsTest, WithoutTlsItListensOnThisMachineAlone) {
  options_.listen.section = "edge_fhir";
  options_.listen.address = "0.0.0.0";
  open_edge();
  const auto opened = Server::open(options_, *edge_, clock_, registry_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().context.find("edge_fhir.cert_file"), std::string::npos);
}

TEST_F(FhirTlsTest, WithTlsItListensAnywhere) {
  options_.listen.address = "0.0.0.0";
  open_with(false);
  EXPECT_EQ(send(nullptr), 201U);
}

}  // namespace
}  // namespace kronika::door_fhir
