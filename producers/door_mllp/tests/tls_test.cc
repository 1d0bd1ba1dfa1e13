// The same door behind TLS, with and without certificates of clients.
#include "certificates.h"
#include "fixture.h"

#include <thread>

namespace kronika::door_mllp {
namespace {

using namespace std::chrono_literals;

class TlsDoor : public DoorTest {
 protected:
  ~TlsDoor() override { close(); }
  void open_with(bool clients) {
    options_.listen.section = "edge_mllp";
    certificates_.protect(options_.listen, clients);
    open();
  }
  /// Whether one message was stored.
  bool send(const edge::Certificates::Pair* own) {
    const std::string answer =
        certificates_.ask(server_->port(), own, framed(sample("adt-a01-admission.hl7")));
    return answer.find("\rMSA|AA|") != std::string::npos;
  }
  edge::Certificates certificates_;
};

TEST_F(TlsDoor, AnswersBehindTlsAndNotInPlaintext) {
  open_with(false);
  EXPECT_TRUE(send(nullptr));
  Tcp::socket plain = connect();
  Sender sender(plain);
  sender.send(framed(sample("adt-a01-admission.hl7")));
  EXPECT_EQ(sender.answer().find("MSA"), std::string::npos);
}

TEST_F(TlsDoor, TurnsAwayClientsWithoutACertificateOrWithAStrangers) {
  open_with(true);
  const auto own = certificates_.issue("client", "hospital");
  const auto strange = certificates_.issue("other", "hospital", true);
  EXPECT_FALSE(send(nullptr));
  EXPECT_FALSE(send(&strange));
  EXPECT_TRUE(send(&own));
}

TEST_F(TlsDoor, ARenewedCertificateIsInForceWithoutARestart) {
  open_with(false);
  EXPECT_EQ(certificates_.shown_at(server_->port()), "first");
  (void)certificates_.issue("server", "second");
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (certificates_.shown_at(server_->port()) != "second") {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_TRUE(send(nullptr));
}

TEST_F(TlsDoor, SendersAreBoundedByTheirCertificatesNotByTheirCommonAddress) {
  options_.peers.each.connections = 1;
  open_with(true);
  const auto hospital = certificates_.issue("client", "hospital");
  const auto practice = certificates_.issue("other", "practice");
  edge::Certificates::Client first(certificates_, server_->port(), &hospital);
  Sender sender(first.stream);
  sender.send(framed(sample("adt-a01-admission.hl7")));
  EXPECT_EQ(sender.code(), "AA");
  EXPECT_FALSE(send(&hospital));
  EXPECT_TRUE(send(&practice));
}

TEST_F(TlsDoor, WithoutTlsItListensOnThisMachineAlone) {
  options_.listen.section = "edge_mllp";
  options_.listen.address = "0.0.0.0";
  const auto started = Server::open(options_, {nullptr, &clock_, nullptr});
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().context, testing::HasSubstr("edge_mllp.cert_file"));
}

TEST_F(TlsDoor, ABrokenCertificateIsNamedAtTheStart) {
  certificates_.protect(options_.listen, false);
  options_.listen.cert_file = certificates_.folder() / "none.pem";
  const auto started = Server::open(options_, {nullptr, &clock_, nullptr});
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().context, testing::HasSubstr("none.pem"));
}

}  // namespace
}  // namespace kronika::door_mllp
