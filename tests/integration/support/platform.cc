#include "support/platform.h"

#include <cctype>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kronika::test_support {
namespace {

constexpr const char* kPrograms[] = {"kronika-citizen", "kronika-indicators", "kronika-gateway"};

void write_secret(const std::string& path, char digit) {
  std::ofstream(path) << std::string(64, digit) << '\n';
  ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
}

/// Empty where nobody answers.
std::string http_get(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string request =
        "GET " + path + " HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char buffer[4096];
    if (::write(fd, request.data(), request.size()) > 0) {
      for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
        answer.append(buffer, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  return answer;
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

tl::expected<std::unique_ptr<Platform>, std::string> Platform::start() {
  std::unique_ptr<Platform> platform(new Platform);
  auto broker = TestBroker::start();
  if (!broker) return tl::unexpected(broker.error());
  platform->broker_ = std::move(*broker);
  const std::string& folder = platform->folder_.path();
  write_secret(folder + "/person.hex", 'a');
  write_secret(folder + "/seal.hex", 'b');
  platform->environment_ = {
      {"KRONIKA_HOME", KRONIKA_SOURCE_DIR},
      {"KRONIKA_DATA_DIR", folder + "/data"},
      {"KRONIKA_KAFKA_BOOTSTRAP_SERVERS", platform->broker_->bootstrap_servers()},
      {"KRONIKA_IDENTITY_SECRET_FILE", folder + "/person.hex"},
      {"KRONIKA_SEAL_KEY_FILE", folder + "/seal.hex"},
      {"KRONIKA_CITIZEN_METRICS_PORT", std::to_string(free_port())},
      {"KRONIKA_INDICATORS_METRICS_PORT", std::to_string(free_port())},
      {"KRONIKA_GATEWAY_METRICS_PORT", std::to_string(free_port())},
      {"KRONIKA_GATEWAY_PORT", std::to_string(free_port())},
      {"KRONIKA_CITIZEN_HEALTH_PORT", std::to_string(free_port())},
      {"KRONIKA_INDICATORS_HEALTH_PORT", std::to_string(free_port())},
      {"KRONIKA_GATEWAY_CANARY_INTERVAL_MS", "0"},  // tests count records
      {"KRONIKA_GATEWAY_HEALTH_PORT", std::to_string(free_port())},
  };
  if (const Answer made = platform->cli({"topics", "create"}); made.code != 0) {
    return tl::unexpected("topics create: " + made.output);
  }
  for (const char* name : kPrograms) platform->start_program(name);
  return platform;
}

std::string Platform::program(const std::string& name) const {
  return std::string(KRONIKA_BINARY_DIR "/bin/") + name;
}

std::string Platform::log_of(const std::string& name) const {
  return folder_.path() + "/" + name + ".log";
}

void Platform::start_program(const std::string& name) {
  programs_[name] =
      ChildProcess({program(name)}, {.output_file = log_of(name), .environment = environment_});
}

void Platform::kill_program(const std::string& name) { programs_[name].kill(); }

bool Platform::running(const std::string& name) { return programs_[name].running(); }

ChildProcess Platform::cli_in_background(const std::vector<std::string>& args) {
  std::vector<std::string> command{program("kronika")};
  command.insert(command.end(), args.begin(), args.end());
  return ChildProcess(command, {.output_file = log_of("cli-" + std::to_string(++answers_)),
                                .environment = environment_});
}

Answer Platform::cli(const std::vector<std::string>& args, std::chrono::seconds limit) {
  ChildProcess child = cli_in_background(args);
  const auto status = child.wait(limit);
  Answer answer;
  if (status && WIFEXITED(*status)) answer.code = WEXITSTATUS(*status);
  child.kill();
  answer.output = read_file(log_of("cli-" + std::to_string(answers_)));
  return answer;
}

std::string Platform::metrics_of(const std::string& name) {
  // kronika-edge-mllp: KRONIKA_EDGE_MLLP_METRICS_PORT
  std::string key = name + "_METRICS_PORT";
  for (char& c : key) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return http_get(std::stoi(environment_.at(key)), "/metrics");
}

}  // namespace kronika::test_support
