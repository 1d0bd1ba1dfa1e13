#include "support/test_broker.h"

#include <arpa/inet.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

namespace kronika::test_support {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kClusterId =
    "a3Jvbmlrcm9uaWtrcm9uaQ";  // 22 characters of base64: any 16 bytes

bool accepts(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool ok = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return ok;
}

std::string tail(const std::string& file) {
  std::ifstream in(file);
  std::stringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

}  // namespace

TestBroker::TestBroker(std::string class_path, std::string java)
    : class_path_(std::move(class_path)), java_(std::move(java)) {}

TestBroker::~TestBroker() { process_.kill(); }

std::string TestBroker::bootstrap_servers() const { return "127.0.0.1:" + std::to_string(port_); }

std::string TestBroker::log_file() const { return folder_.path() + "/broker.log"; }

tl::expected<std::unique_ptr<TestBroker>, std::string> TestBroker::start() {
  const char* libs = std::getenv("KRONIKA_TEST_KAFKA_LIBS");
  const std::string folder = libs != nullptr ? libs : KRONIKA_SOURCE_DIR "/var/kafka/lib";
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) {
    return tl::unexpected("no Kafka in " + folder +
                          ": run the set-up script, or name a folder in KRONIKA_TEST_KAFKA_LIBS");
  }
  const char* home = std::getenv("JAVA_HOME");
  std::unique_ptr<TestBroker> broker(
      new TestBroker(folder + "/*", home != nullptr ? std::string(home) + "/bin/java" : "java"));
  broker->port_ = free_port();
  do broker->controller_port_ = free_port();
  while (broker->controller_port_ == broker->port_);

  const std::string properties = broker->folder_.path() + "/server.properties";
  {
    std::ofstream out(properties);
    const std::string controller = "127.0.0.1:" + std::to_string(broker->controller_port_);
    out << "process.roles=broker,controller\nnode.id=1\n"
        << "controller.quorum.voters=1@" << controller << "\n"
        << "listeners=PLAINTEXT://" << broker->bootstrap_servers() << ",CONTROLLER://" << controller
        << "\nadvertised.listeners=PLAINTEXT://" << broker->bootstrap_servers()
        << "\ncontroller.listener.names=CONTROLLER\n"
        << "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
        << "log.dirs=" << broker->folder_.path() << "/data\n"
        << "auto.create.topics.enable=false\n"
        << "offsets.topic.num.partitions=2\noffsets.topic.replication.factor=1\n"
        << "transaction.state.log.num.partitions=2\ntransaction.state.log.replication.factor=1\n"
        << "transaction.state.log.min.isr=1\ngroup.initial.rebalance.delay.ms=0\n"
        << "group.min.session.timeout.ms=1000\n"
        << "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000\n"
        << "num.network.threads=2\nnum.io.threads=4\nlog.cleaner.dedupe.buffer.size=16777216\n"
        << "log.segment.bytes=67108864\n";
  }
  ChildProcess format(
      {broker->java_, "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", broker->class_path_,
       "kafka.tools.StorageTool", "format", "-t", kClusterId, "-c", properties},
      {broker->log_file(), {}});
  const auto formatted = format.wait(60s);
  if (!formatted || *formatted != 0) {
    return tl::unexpected("formatting the broker's storage failed: " + tail(broker->log_file()));
  }
  if (auto r = broker->launch(); !r) return tl::unexpected(r.error());
  return broker;
}

tl::expected<void, std::string> TestBroker::launch() {
  process_ =
      ChildProcess({java_, "-Xmx400m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                    "-cp", class_path_, "kafka.Kafka", folder_.path() + "/server.properties"},
                   {log_file(), {}});
  const auto deadline = std::chrono::steady_clock::now() + 90s;
  while (!accepts(port_)) {
    if (!process_.running()) return tl::unexpected("the broker ended: " + tail(log_file()));
    if (std::chrono::steady_clock::now() > deadline) {
      return tl::unexpected("the broker did not start in 90 s: " + tail(log_file()));
    }
    std::this_thread::sleep_for(50ms);
  }
  return {};
}

void TestBroker::kill() { process_.kill(); }
tl::expected<void, std::string> TestBroker::restart() {
  process_.kill();
  return launch();
}
void TestBroker::pause() { process_.signal(SIGSTOP); }
void TestBroker::resume() { process_.signal(SIGCONT); }

tl::expected<void, std::string> TestBroker::delete_records(const std::string& topic, int partition,
                                                           std::int64_t before) {
  char error[512] = {};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap_servers().c_str(), error, sizeof error);
  const std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> client(
      rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error), rd_kafka_destroy);
  if (!client) return tl::unexpected(std::string(error));
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = before;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client.get());
  rd_kafka_DeleteRecords(client.get(), &request, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 30'000);
  std::string failure = event == nullptr ? "no answer in 30 s" : "";
  if (event != nullptr && rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    failure = rd_kafka_event_error_string(event);
  } else if (event != nullptr) {
    const auto* offsets =
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
    if (offsets->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      failure = rd_kafka_err2str(offsets->elems[0].err);
    }
  }
  if (event != nullptr) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteRecords_destroy(request);
  rd_kafka_topic_partition_list_destroy(list);
  if (!failure.empty()) return tl::unexpected(failure);
  return {};
}

}  // namespace kronika::test_support
