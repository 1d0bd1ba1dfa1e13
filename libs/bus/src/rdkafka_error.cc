#include "rdkafka_error.h"

namespace kronika::bus {

// A C enum of some 150 values from two sources; what is not named here is nothing that we can mend,
// hence the default.
Errc errc_of(rd_kafka_resp_err_t err) {
  switch (err) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return Errc::kTimedOut;

    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__STATE:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
    case RD_KAFKA_RESP_ERR__PARTIAL:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
      return Errc::kTransient;

    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
    case RD_KAFKA_RESP_ERR_INVALID_TXN_STATE:
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return Errc::kAbortable;

    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED:
      return Errc::kFenced;

    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return Errc::kLogTruncated;

    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return Errc::kTopicMismatch;

    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return Errc::kRecordTooLarge;

    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return Errc::kUndelivered;

    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
      return Errc::kConfig;

    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return Errc::kUnauthenticated;

    default:
      return Errc::kClientFatal;
  }
}

Error error_of(rd_kafka_resp_err_t err, std::string_view doing) {
  return Error{code(errc_of(err)), std::string(doing) + ": " + rd_kafka_err2str(err) + " (" +
                                       rd_kafka_err2name(err) + ")"};
}

std::string missing_acl(rd_kafka_resp_err_t err, std::string_view resource,
                        std::string_view operation) {
  const auto sentence = [&](std::string_view kind, std::string_view right) {
    return "Kafka does not authorize it: the user of this process lacks the ACL " +
           std::string(right) + " on " + std::string(kind) +
           (resource.empty() ? "" : " " + std::string(resource)) +
           " (docs/operations.md, Security, lists what each program needs)";
  };
  switch (err) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return sentence("topic", operation);
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return sentence("group", "Read");
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return sentence("transactional id", "Write");
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return sentence("the cluster", operation);
    default:
      return {};
  }
}

Error error_of(rd_kafka_resp_err_t err, std::string_view doing, std::string_view resource,
               std::string_view operation) {
  const std::string sentence = missing_acl(err, resource, operation);
  if (sentence.empty()) return error_of(err, doing);
  return Error{code(errc_of(err)), std::string(doing) + ": " + sentence};
}

Errc errc_of(const rd_kafka_error_t& error, Errc otherwise) {
  const Errc by_code = errc_of(rd_kafka_error_code(&error));
  if (rd_kafka_error_is_fatal(&error) != 0) {
    return by_code == Errc::kConfig ? Errc::kConfig : Errc::kFenced;
  }
  if (rd_kafka_error_txn_requires_abort(&error) != 0) return Errc::kAbortable;
  if (rd_kafka_error_is_retriable(&error) != 0) return Errc::kTransient;
  const bool told =
      by_code == Errc::kConfig || by_code == Errc::kFenced || by_code == Errc::kUnauthenticated;
  return told ? by_code : otherwise;
}

Error error_of(const rd_kafka_error_t& error, Errc otherwise, std::string_view doing) {
  return Error{code(errc_of(error, otherwise)), std::string(doing) + ": " +
                                                    rd_kafka_error_string(&error) + " (" +
                                                    rd_kafka_error_name(&error) + ")"};
}

}  // namespace kronika::bus
