// The inputs of the running tasks, each partition of each topic in a queue of its own, so that a
// task can take its records in the order of their timestamps over all its topics. Without that a
// backlog is read topic by topic as the broker's answers come, a citizen's events meet out of
// order, and the task's clock (A9) stands at the slowest topic.
//
// An input of which more is known to be on the broker than has arrived here is waited for, a short
// while: its next record may be the older one.
//
// Thread: its stream thread. Life: below the consumer, which must be destroyed later.
#pragma once

#include "handles.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kronika::bus {

class InputQueues {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  /// Whether more records of a partition of the topic with this index are to be expected at once.
  using Expects = std::function<bool(std::int32_t partition, std::size_t topic)>;

  InputQueues(rd_kafka_t* consumer, const std::vector<std::string>& topics);
  ~InputQueues();
  InputQueues(const InputQueues&) = delete;
  InputQueues& operator=(const InputQueues&) = delete;

  /// Takes the partition's messages out of the consumer's own queue; before it is assigned.
  void open(std::int32_t partition);
  /// Forgets all partitions.
  void clear();
  /// Drops what was taken and not handed out; with each assignment, because positions move.
  void drop_heads();

  /// The next message (or end of partition, or error) of any task; nothing when there is none now,
  /// or each task waits for an input.
  [[nodiscard]] RdMessage next(SteadyTime now, const Expects& expects);
  /// A new turn: empty queues are looked at again.
  void begin_turn();
  /// Waits until a queue or the consumer's own queue gets something, at most `timeout`.
  void wait(std::chrono::milliseconds timeout);

 private:
  struct Input {
    RdQueue queue;
    RdMessage head;
    bool looked = false;    ///< it was empty when it was looked at in this turn
    bool expected = false;  ///< ... and more is to be expected
  };
  struct Task {
    std::int32_t partition = 0;
    std::vector<Input> inputs;  ///< by topic
    SteadyTime waiting_since{};
    bool waiting = false;
  };

  [[nodiscard]] Input* oldest(Task& task, SteadyTime now, const Expects& expects);

  rd_kafka_t* const consumer_;
  const std::vector<std::string>& topics_;
  RdQueue own_;  ///< the consumer's: rebalances, errors of the group
  int wake_[2] = {-1, -1};
  std::vector<Task> tasks_;
  std::size_t turn_ = 0;      ///< task whose turn it is
  std::size_t in_a_row_ = 0;  ///< messages of that task
};

}  // namespace kronika::bus
