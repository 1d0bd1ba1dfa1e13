#include <fstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/config/errc.h>
#include <kronika/config/load.h>

namespace kronika::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

class Load : public ::testing::Test {
 protected:
  void SetUp() override {
    home_ = std::filesystem::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(home_);
    std::filesystem::create_directories(home_);
    environment_["KRONIKA_HOME"] = home_.string();
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  void write_file(const std::string& text) {
    file_ = (home_ / "settings.yaml").string();
    std::ofstream(file_) << text;
    environment_["KRONIKA_CONFIG"] = file_;
  }
  Result<Loaded> run(std::vector<std::string> args = {}) {
    return load({.args = std::move(args), .environment = environment_});
  }
  void expect_error(const Result<Loaded>& r, ErrorCode code, const std::string& text) {
    ASSERT_FALSE(r.has_value());
    EXPECT_EQ(r.error().code, code) << r.error().context;
    EXPECT_THAT(r.error().context, HasSubstr(text));
    EXPECT_EQ(r.error().context.find('\n'), std::string::npos) << "one line, for a person";
  }
  static const Effective& find(const Loaded& loaded, const std::string& name) {
    for (const auto& e : loaded.effective) {
      if (e.name == name) return e;
    }
    throw std::runtime_error(name + " is not listed");
  }

  std::filesystem::path home_;
  std::string file_;
  std::map<std::string, std::string> environment_;
};

TEST_F(Load, WithoutAFileTheDefaultsAreInForce) {
  const auto loaded = run();
  ASSERT_TRUE(loaded.has_value()) << loaded.error().context;
  EXPECT_EQ(loaded->settings.kafka.partitions, 6);
  EXPECT_EQ(loaded->settings.kafka.transaction_timeout, std::chrono::seconds(15));
  EXPECT_EQ(loaded->settings.citizen.cache_bytes, 64U << 20);
  EXPECT_EQ(loaded->settings.data_dir, home_ / "var/data");
  EXPECT_TRUE(loaded->settings.identity.extra_identifier_systems.empty());
  EXPECT_EQ(find(*loaded, "kafka.partitions").origin, "default");
  EXPECT_EQ(loaded->file, "");
}

TEST_F(Load, TheUsualFileUnderHomeIsFoundByItself) {
  std::filesystem::create_directories(home_ / "config");
  std::ofstream(home_ / "config/kronika.yaml") << "instance: here\n";
  const auto loaded = run();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->settings.instance, "here");
}

TEST_F(Load, FlagOverridesEnvironmentOverridesFile) {
  write_file("kafka:\n  partitions: 12\n  replication: 2\ninstance: from-file\n");
  environment_["KRONIKA_KAFKA_PARTITIONS"] = "18";
  environment_["KRONIKA_INSTANCE"] = "from-env";
  const auto loaded = run({"--kafka.partitions=24"});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().context;
  EXPECT_EQ(loaded->settings.kafka.partitions, 24);
  EXPECT_EQ(loaded->settings.instance, "from-env");
  EXPECT_EQ(loaded->settings.kafka.replication, 2);
  EXPECT_EQ(find(*loaded, "kafka.partitions").origin, "flag --kafka.partitions");
  EXPECT_EQ(find(*loaded, "instance").origin, "environment KRONIKA_INSTANCE");
  EXPECT_EQ(find(*loaded, "kafka.replication").origin, file_ + ":3");
}

TEST_F(Load, ArgumentsThatAreNoSettingsAreHandedBackInOrder) {
  const auto loaded =
      run({"citizen", "--log.level=debug", "show", "--json", "--", "--log.level=x"});
  ASSERT_TRUE(loaded.has_value());
  EXPECT_THAT(loaded->rest, ElementsAre("citizen", "show", "--json", "--", "--log.level=x"));
  EXPECT_EQ(loaded->settings.log_level, "debug");
  EXPECT_FALSE(loaded->check_only);
  EXPECT_TRUE(run({"--check-config"})->check_only);
}

TEST_F(Load, AnUnknownNameInTheFileIsNamedWithItsLineAndItsNeighbour) {
  write_file("kafka:\n  partitions: 6\n  partitons: 6\n");
  expect_error(run(), code<Errc::kUnknown>(),
               file_ +
                   ":3: kafka.partitons: there is no such setting; did you mean "
                   "kafka.partitions?");
}

TEST_F(Load, AnUnknownVariableOrFlagIsNamed) {
  expect_error(run({"--kafka.nonsense_of_some_length=1"}), code<Errc::kUnknown>(),
               "flag --kafka.nonsense_of_some_length");
  environment_["KRONIKA_KAFKA_PARTITION"] = "6";
  expect_error(run(), code<Errc::kUnknown>(), "environment KRONIKA_KAFKA_PARTITION");
}

TEST_F(Load, TheVariablesOfScriptsAndTestsAreLeftAlone) {
  environment_["KRONIKA_PORT_BASE"] = "20000";
  environment_["KRONIKA_TEST_SEED"] = "7";
  EXPECT_TRUE(run().has_value());
}

TEST_F(Load, AValueThatDoesNotFitNamesPlaceNameAndWhatIsExpected) {
  for (const auto& [line, expected] : std::vector<std::pair<std::string, std::string>>{
           {"kafka: {partitions: six}", "a whole number from 1 to 1000"},
           {"kafka: {partitions: 0}", "a whole number from 1 to 1000"},
           {"kafka: {partitions: 6x}", "a whole number from 1 to 1000"},
           {"kafka: {partitions: [6]}", "a list does not fit; expected one value"},
           {"kafka: {bootstrap_servers: localhost}", "host:port"},
           {"kafka: {transaction_timeout_ms: 15s}", "ms"},
           {"citizen: {cache_bytes: 64 MB}", "KiB, MiB and GiB"},
           {"citizen: {cache_bytes: 9999999999999GiB}", "bytes"},
           {"log: {level: loud}", "one of: debug info warn error"},
           {"instance: 'a b'", "letters"},
           {"data_dir: ''", "a path"},
           {"gateway: {address: 0.0.0.0}", "loopback"},
           {"gateway: {port: 70000}", "65535"}}) {
    write_file(line + "\n");
    const auto r = run();
    ASSERT_FALSE(r.has_value()) << line;
    EXPECT_EQ(r.error().code, code<Errc::kMalformed>()) << line;
    EXPECT_THAT(r.error().context, AllOf(StartsWith(file_ + ":1: "), HasSubstr(expected))) << line;
  }
}

TEST_F(Load, AnOverriddenValueMustFitToo) {
  write_file("kafka: {partitions: six}\n");
  expect_error(run({"--kafka.partitions=6"}), code<Errc::kMalformed>(), "'six'");
}

TEST_F(Load, AFileThatIsAbsentOrNoYamlIsNamed) {
  expect_error(run({"--config", (home_ / "none.yaml").string()}), code<Errc::kFile>(),
               "none.yaml: cannot be read");
  write_file("kafka: [unclosed\n");
  expect_error(run(), code<Errc::kFile>(), "not valid YAML");
  write_file("just words\n");
  expect_error(run(), code<Errc::kFile>(), "settings are expected");
  write_file("kafka:\n  partitions:\n");
  expect_error(run(), code<Errc::kMalformed>(), file_ + ":2: kafka.partitions: no value");
  expect_error(run({"--config"}), code<Errc::kMalformed>(), "flag --config");
}

TEST_F(Load, ANameGivenTwiceIsAContradiction) {
  write_file("kafka:\n  partitions: 6\n  partitions: 12\n");
  expect_error(run(), code<Errc::kContradiction>(), "already set at " + file_ + ":2");
  environment_.erase("KRONIKA_CONFIG");
  expect_error(run({"--instance=a", "--instance=b"}), code<Errc::kContradiction>(), "given twice");
}

TEST_F(Load, AFlagWithoutAValueSaysHowToWriteIt) {
  expect_error(run({"--kafka.partitions", "6"}), code<Errc::kMalformed>(),
               "--kafka.partitions=VALUE");
}

TEST_F(Load, ValuesThatExcludeEachOtherRefuseToStart) {
  const auto contradicts = [&](std::vector<std::string> args, const std::string& text) {
    expect_error(run(std::move(args)), code<Errc::kContradiction>(), text);
  };
  contradicts({"--citizen.commit_interval_ms=10000"}, "flag --citizen.commit_interval_ms");
  contradicts({"--gateway.default_page_size=5000"}, "gateway.max_page_size");
  contradicts({"--gateway.default_deadline_ms=70000"}, "gateway.max_deadline_ms");
  contradicts({"--gateway.metrics_port=50051"}, "same port");
  contradicts({"--seal.key_file=var/secrets/person-key.hex"}, "must differ");
  contradicts({"--kafka.client.message.timeout.ms=20000"}, "transaction_timeout_ms");
  contradicts({"--kafka.client.socket.timeout.ms=15101"}, "transaction_timeout_ms");
}

TEST_F(Load, TheLogLevelIsReadAgainFromTheFile) {
  write_file("log:\n  level: warn\n");
  const auto loaded = run({});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().context;
  write_file("log:\n  level: debug\n");
  EXPECT_EQ(log_level_now(*loaded).value(), "debug");
  write_file("log:\n  level: loud\n");
  EXPECT_FALSE(log_level_now(*loaded).has_value());
  EXPECT_EQ(loaded->settings.log_level, "warn");
}

TEST_F(Load, ClientPropertiesAreHandedThroughFromAllThreePlaces) {
  write_file("kafka:\n  client:\n    linger.ms: 5\n    socket.timeout.ms: 9000\n");
  environment_["KRONIKA_KAFKA_CLIENT_SOCKET_TIMEOUT_MS"] = "8000";
  const auto loaded = run({"--kafka.client.ssl.key.password=hush"});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().context;
  EXPECT_THAT(loaded->settings.kafka.client,
              ElementsAre(Pair("linger.ms", "5"), Pair("socket.timeout.ms", "8000"),
                          Pair("ssl.key.password", "hush")));
  EXPECT_EQ(find(*loaded, "kafka.client.ssl.key.password").value, "(redacted)");
}

TEST_F(Load, SecurityComesToPropertiesOfTheClientAndThePasswordIsNeverPrinted) {
  const std::string file = home_ / "password";
  std::ofstream(file) << "hush\n";
  chmod(file.c_str(), S_IRUSR);
  const std::string ca = home_ / "ca.pem";
  std::ofstream(ca) << "-";
  const auto loaded = run({"--kafka.security_protocol=sasl_ssl", "--kafka.sasl_username=citizen",
                           "--kafka.sasl_password_file=" + file, "--kafka.ssl_ca_file=" + ca});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().context;
  EXPECT_THAT(loaded->settings.kafka.client,
              ::testing::UnorderedElementsAre(
                  Pair("security.protocol", "sasl_ssl"), Pair("ssl.ca.location", ca),
                  Pair("sasl.mechanisms", "SCRAM-SHA-512"), Pair("sasl.username", "citizen")))
      << "the password is read from its file each time a client is made";
  for (const auto& e : loaded->effective) EXPECT_THAT(e.value, ::testing::Not(HasSubstr("hush")));
}

TEST_F(Load, HalfASecuritySettingIsRefused) {
  const std::string file = home_ / "password";
  std::ofstream(file) << "hush\n";
  chmod(file.c_str(), S_IRUSR | S_IROTH);
  expect_error(run({"--kafka.security_protocol=sasl_ssl"}), code<Errc::kContradiction>(),
               "kafka.sasl_username");
  expect_error(run({"--kafka.sasl_username=citizen"}), code<Errc::kContradiction>(), "sasl_ssl");
  expect_error(run({"--kafka.ssl_ca_file=" + file}), code<Errc::kContradiction>(), "sasl_ssl");
  expect_error(run({"--kafka.security_protocol=ssl", "--kafka.ssl_certificate_file=" + file}),
               code<Errc::kContradiction>(), "belong together");
  expect_error(run({"--kafka.security_protocol=sasl_ssl", "--kafka.sasl_username=citizen",
                    "--kafka.sasl_password_file=" + file}),
               code<Errc::kSecret>(), "chmod 600");
  expect_error(run({"--gateway.cert_file=" + file}), code<Errc::kContradiction>(),
               "belong together");
  expect_error(run({"--metrics.client_ca_file=" + file}), code<Errc::kContradiction>(),
               "metrics.cert_file");
  expect_error(run({"--kafka.client.sasl.password=hush"}), code<Errc::kContradiction>(),
               "kafka.sasl_password_file");
}

TEST_F(Load, ClientPropertiesThatWouldBreakAGuaranteeAreRefusedWithTheReason) {
  expect_error(run({"--kafka.client.isolation.level=read_uncommitted"}),
               code<Errc::kContradiction>(), "committed records only");
  expect_error(run({"--kafka.client.enable.auto.commit=true"}), code<Errc::kContradiction>(),
               "inside the transaction");
}

TEST_F(Load, AListIsReadFromTheFileAndFromCommas) {
  write_file("identity:\n  extra_identifier_systems: ['urn:a', 'urn:b']\n");
  EXPECT_THAT(run()->settings.identity.extra_identifier_systems, ElementsAre("urn:a", "urn:b"));
  EXPECT_THAT(run({"--identity.extra_identifier_systems=urn:c, urn:d"})
                  ->settings.identity.extra_identifier_systems,
              ElementsAre("urn:c", "urn:d"));
}

TEST_F(Load, AbsolutePathsStayAndRelativeOnesStartAtHome) {
  const auto loaded = run({"--data_dir=/srv/kronika", "--reference.dir=ref/../codes"});
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->settings.data_dir, "/srv/kronika");
  EXPECT_EQ(loaded->settings.reference.dir, home_ / "codes");
}

TEST_F(Load, TheHashTellsBehaviourApartAndNotReplicas) {
  const auto hash = [&](std::vector<std::string> args) {
    return config_hash(*run(std::move(args)));
  };
  EXPECT_EQ(hash({}), hash({"--instance=pod-1", "--citizen.metrics_port=9999"}));
  EXPECT_NE(hash({}), hash({"--kafka.partitions=12"}));
}

TEST_F(Load, ASecretIsReadOnlyFromAGoodFile) {
  const auto file = home_ / "secret.hex";
  EXPECT_EQ(read_secret(file).error().code, code<Errc::kSecret>());
  std::ofstream(file) << std::string(64, 'a') << "\n";
  chmod(file.c_str(), 0644);
  EXPECT_THAT(read_secret(file).error().context, HasSubstr("chmod 600"));
  chmod(file.c_str(), 0600);
  EXPECT_EQ(read_secret(file).value(), std::string(32, '\xaa'));
  std::ofstream(file) << "abc";
  const auto malformed = read_secret(file);
  EXPECT_THAT(malformed.error().context, HasSubstr("64 hex digits"));
  EXPECT_EQ(malformed.error().context.find("abc"), std::string::npos);
}

}  // namespace
}  // namespace kronika::config
