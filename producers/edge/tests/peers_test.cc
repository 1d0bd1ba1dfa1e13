// What one peer may take, with a clock that stands where it is put.
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/edge/errc.h>
#include <kronika/edge/peers.h>

namespace kronika::edge {
namespace {

using namespace std::chrono_literals;

class PeersTest : public ::testing::Test {
 protected:
  void make() {
    peers_ = Peers::make(options_, &registry_, [this] { return now_; });
  }
  Place enter(std::string_view peer) {
    auto place = peers_->enter(peer);
    EXPECT_TRUE(place.has_value());
    return std::move(*place);
  }
  double throttled(const std::string& reason) {
    const std::string page = registry_.text();
    const std::string series = "kronika_ingest_throttled_total{reason=\"" + reason + "\"} ";
    const auto at = page.find(series);
    return at == std::string::npos ? -1 : std::stod(page.substr(at + series.size()));
  }
  /// Sends until it is told to wait or to come again.
  static int send(Place& place, bool fault, int most = 1000, std::size_t bytes = 100) {
    int sent = 0;
    for (; sent < most && place.pause().count() == 0; ++sent) {
      auto began = place.begin(bytes);
      if (!began) break;
      if (fault) began->fault();
    }
    return sent;
  }

  Peers::Options options_;
  telemetry::Registry registry_;
  Peers::Time now_{1000s};
  std::shared_ptr<Peers> peers_;
};

TEST_F(PeersTest, APeersConnectionsAreBoundedAndOthersStillFindRoom) {
  options_.max_connections = 5;
  options_.each.connections = 2;
  make();
  const Place a = enter("10.0.0.1");
  std::optional<Place> b = enter("10.0.0.1");
  EXPECT_FALSE(peers_->enter("10.0.0.1").has_value());
  EXPECT_EQ(throttled("connections"), 1);
  const Place c = enter("10.0.0.2");
  EXPECT_EQ(peers_->connections(), 3U);
  b.reset();
  const Place d = enter("10.0.0.1");
  const Place e = enter("10.0.0.2");
  const Place f = enter("10.0.0.3");
  EXPECT_FALSE(peers_->enter("10.0.0.4").has_value()) << "as many as the door takes";
}

TEST_F(PeersTest, UnfinishedBytesAreBoundedInAllAndByPeerBeyondTheFreeOnes) {
  constexpr std::size_t kFree = Peers::kFreeBytes;
  options_.max_unfinished_bytes = 1000;
  options_.each.unfinished_bytes = 600;
  make();
  Place a = enter("a"), b = enter("a"), c = enter("c");
  EXPECT_TRUE(a.hold(kFree + 400));
  EXPECT_FALSE(b.hold(kFree + 201)) << "the peer's share";
  EXPECT_TRUE(b.hold(kFree + 200));
  EXPECT_FALSE(c.hold(kFree + 401)) << "the door's room";
  EXPECT_TRUE(c.hold(kFree + 400));
  EXPECT_TRUE(c.hold(kFree)) << "small messages always find room";
  EXPECT_EQ(throttled("unfinished"), 2);
  a.hold_anyway(kFree + 5000);
  EXPECT_FALSE(c.hold(kFree + 1)) << "what must be given is felt by what follows";
  a.hold_anyway(0);
  EXPECT_TRUE(c.hold(kFree + 400));
}

TEST_F(PeersTest, WhatAConnectionHeldIsFreeWhenItGoes) {
  options_.max_unfinished_bytes = 1000;
  make();
  std::optional<Place> a = enter("a");
  EXPECT_TRUE(a->hold(Peers::kFreeBytes + 1000));
  Place b = enter("b");
  EXPECT_FALSE(b.hold(Peers::kFreeBytes + 1));
  a.reset();
  EXPECT_TRUE(b.hold(Peers::kFreeBytes + 1000));
}

TEST_F(PeersTest, MessagesAndBytesUnderWayAreBoundedByPeer) {
  options_.each.messages = 2;
  options_.each.bytes = 1000;
  make();
  const Place a = enter("a"), b = enter("b");
  {
    auto huge = a.begin(5000);
    EXPECT_TRUE(huge.has_value()) << "one is taken whatever its size";
    const auto next = a.begin(1);
    ASSERT_FALSE(next.has_value());
    EXPECT_EQ(next.error().code, kThrottled);
    EXPECT_EQ(throttled("bytes"), 1);
    EXPECT_TRUE(b.begin(1).has_value());
  }
  const auto first = a.begin(1), second = a.begin(1);
  EXPECT_TRUE(second.has_value());
  EXPECT_FALSE(a.begin(1).has_value());
  EXPECT_EQ(throttled("messages"), 1);
}

TEST_F(PeersTest, AFastPeerIsReadNoFasterThanItsRateOverAllItsConnections) {
  options_.each.messages_per_second = 100;
  make();
  Place a = enter("a"), b = enter("a"), other = enter("b");
  int sent = 0;
  for (int i = 0; i < 1000; ++i, now_ += 10ms) sent += send(a, false) + send(b, false);
  EXPECT_NEAR(sent, 10 * 100 + 200, 5) << "ten seconds' worth, and the first burst";
  EXPECT_GT(throttled("rate"), 0);
  EXPECT_EQ(send(other, false, 100), 100);
}

TEST_F(PeersTest, FaultsHaveARateOfTheirOwn) {
  options_.each.messages_per_second = 1000;
  options_.each.faults_per_second = 10;
  make();
  Place a = enter("a"), good = enter("b");
  EXPECT_EQ(send(good, false, 500), 500);
  EXPECT_EQ(good.pause(), 0ns) << "what is no fault costs none";
  EXPECT_LE(send(a, true), 21);
  EXPECT_GT(a.pause(), 0ns);
  EXPECT_LE(a.pause(), 100ms);
  now_ += 200ms;
  EXPECT_EQ(a.pause(), 0ns);
  EXPECT_GT(throttled("faults"), 0);
}

TEST_F(PeersTest, WhoDoesNotWaitIsRefusedAndServedAgainSoonAfter) {
  options_.each.faults_per_second = 10;
  make();
  Place a = enter("a");
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto began = a.begin(100);
    if (!began) continue;
    ++taken;
    began->fault();
  }
  EXPECT_LE(taken, 31) << "the burst, and a second's debt";
  a.fault(1U << 30);
  EXPECT_LE(a.pause(), 5s) << "the debt is bounded";
  now_ += 5s;
  EXPECT_EQ(a.pause(), 0ns);
  EXPECT_TRUE(a.begin(100).has_value());
}

TEST_F(PeersTest, LargeMessagesWeighMore) {
  options_.each.messages_per_second = 100;
  make();
  Place a = enter("a");
  EXPECT_EQ(send(a, false, 1000, 10 * Peers::kWeightBytes), 19) << "200 tokens, eleven each";
}

TEST_F(PeersTest, ACertificateMovesAConnectionToItsOwner) {
  options_.each.connections = 1;
  make();
  Place first = enter("proxy");
  EXPECT_FALSE(peers_->enter("proxy").has_value());
  EXPECT_TRUE(first.move_to(peer_of_certificate("hospital")));
  Place second = enter("proxy");
  EXPECT_FALSE(second.move_to(peer_of_certificate("hospital"))) << "it has one already";
  EXPECT_TRUE(second.move_to(peer_of_certificate("practice")));
  EXPECT_EQ(peers_->connections(), 2U);
}

TEST_F(PeersTest, PeersWithoutConnectionsAndDebtAreForgotten) {
  options_.max_peers = 100;
  options_.each.faults_per_second = 1;
  make();
  for (int i = 0; i < 10'000; ++i) {
    Place each = enter("10.0.0." + std::to_string(i));
    if (i % 2 == 0) each.fault(0);
    EXPECT_LE(peers_->known(), 100U);
    now_ += 100ms;
  }
}

TEST_F(PeersTest, PeersBeyondTheTableShareOneAccount) {
  options_.max_peers = 2;
  options_.each.connections = 1;
  make();
  const Place a = enter("a"), b = enter("b"), c = enter("c");
  EXPECT_FALSE(peers_->enter("d").has_value());
  EXPECT_EQ(peers_->known(), 2U);
}

TEST_F(PeersTest, WithoutBoundsNothingIsRefused) {
  make();
  Place a = enter("a");
  EXPECT_EQ(send(a, true, 100'000), 100'000);
}

TEST_F(PeersTest, WhatIsUnderWayMayOutliveItsConnectionAndTheDoor) {
  options_.each.messages = 1;
  make();
  std::optional<Place> a = enter("a");
  auto began = a->begin(10);
  a.reset();
  EXPECT_FALSE(enter("a").begin(10).has_value()) << "it is still counted";
  peers_.reset();
  began->fault();
}

TEST(PeerNames, AddressesOfOneCustomerAreOnePeer) {
  EXPECT_EQ(peer_of_address("127.0.0.2"), "127.0.0.2");
  EXPECT_EQ(peer_of_address("::ffff:10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(peer_of_address("2001:db8:1:2:3:4:5:6"), peer_of_address("2001:db8:1:2::1"));
  EXPECT_NE(peer_of_address("2001:db8:1:2::1"), peer_of_address("2001:db8:1:3::1"));
  EXPECT_NE(peer_of_certificate("127.0.0.2"), peer_of_address("127.0.0.2"));
}

TEST(PeerBounds, ComeFromTheSettings) {
  config::Ingest ingest;
  ingest.max_inflight_messages = 1000;
  ingest.max_inflight_bytes = 2000;
  ingest.peer_share_percent = 25;
  ingest.peer_max_connections = 7;
  ingest.peer_messages_per_second = 8;
  ingest.peer_faults_per_second = 9;
  Peers::Options o = peers_of(ingest, 50, 400);
  EXPECT_EQ(o.max_connections, 50U);
  EXPECT_EQ(o.max_unfinished_bytes, 400U);
  EXPECT_EQ(o.each.connections, 7U);
  EXPECT_EQ(o.each.unfinished_bytes, 100U);
  EXPECT_EQ(o.each.messages, 250U);
  EXPECT_EQ(o.each.bytes, 500U);
  EXPECT_EQ(o.each.messages_per_second, 8);
  EXPECT_EQ(o.each.faults_per_second, 9);
  ingest.peer_share_percent = 100;
  o = peers_of(ingest, 50, 400);
  EXPECT_EQ(o.each.messages, 0U) << "no bound of its own";
}

}  // namespace
}  // namespace kronika::edge
