// The publisher before librdkafka's own cluster in memory, which can be told to answer with a
// fault. What needs a real broker: tests/integration/bus_runtime_test.cc.
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <kronika/bus/publisher.h>

namespace kronika::bus {
namespace {

constexpr std::int16_t kProduceApi = 0;

class PublisherTest : public ::testing::Test {
 protected:
  PublisherTest() {
    char text[256];
    host_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
    cluster_ = rd_kafka_mock_cluster_new(host_, 1);
    rd_kafka_mock_topic_create(cluster_, "maaling", 1, 1);
    client_.bootstrap_servers = rd_kafka_mock_cluster_bootstraps(cluster_);
  }
  ~PublisherTest() override {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(host_);
  }

  rd_kafka_t* host_;
  rd_kafka_mock_cluster_t* cluster_;
  ClientOptions client_;
};

TEST_F(PublisherTest, ARecordThatIsAcknowledgedWithoutAPlaceIsSentAgain) {
  auto publisher = Publisher::open(client_);
  ASSERT_TRUE(publisher) << publisher.error().context;
  rd_kafka_mock_push_request_errors(cluster_, kProduceApi, 1,
                                    RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
  std::optional<Result<Published>> answer;
  const std::string value = "42";
  const Header header{"content-type", "text/plain"};
  ASSERT_TRUE(
      (*publisher)
          ->publish({.topic = "maaling", .key = "k", .value = value, .headers = {&header, 1}},
                    [&](const Result<Published>& r) { answer = r; }));
  ASSERT_TRUE((*publisher)->flush(std::chrono::seconds(20)));
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(answer->has_value()) << answer->error().context;
  EXPECT_EQ((*answer)->offset, 0) << "the first copy never arrived";
  EXPECT_EQ((*publisher)->stats().acked, 1U);
}

}  // namespace
}  // namespace kronika::bus
