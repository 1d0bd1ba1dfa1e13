#include "input_queues.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace kronika::bus {
namespace {

// A citizen's events come together: some records of one task before the next has its turn.
constexpr std::size_t kInARow = 256;
// How long a record may wait for a topic that is behind: about a fetch.
constexpr std::chrono::milliseconds kPatience{150};

}  // namespace

InputQueues::InputQueues(rd_kafka_t* consumer, const std::vector<std::string>& topics)
    : consumer_(consumer), topics_(topics), own_(rd_kafka_queue_get_consumer(consumer)) {
  // Without a pipe (out of descriptors) wait() sleeps its time out: slower, not wrong.
  if (::pipe2(wake_, O_NONBLOCK | O_CLOEXEC) == 0) {
    rd_kafka_queue_io_event_enable(own_.get(), wake_[1], "x", 1);
  }
}

InputQueues::~InputQueues() {
  clear();
  if (own_) rd_kafka_queue_io_event_enable(own_.get(), -1, nullptr, 0);
  own_.reset();
  for (const int fd : wake_) {
    if (fd >= 0) ::close(fd);
  }
}

void InputQueues::open(std::int32_t partition) {
  for (const Task& task : tasks_) {
    if (task.partition == partition) return;
  }
  Task task;
  task.partition = partition;
  for (const auto& topic : topics_) {
    Input input;
    input.queue.reset(rd_kafka_queue_get_partition(consumer_, topic.c_str(), partition));
    if (input.queue) {
      // The application's own forwarding: later assignments leave it alone.
      rd_kafka_queue_forward(input.queue.get(), nullptr);
      if (wake_[1] >= 0) rd_kafka_queue_io_event_enable(input.queue.get(), wake_[1], "x", 1);
    }
    task.inputs.push_back(std::move(input));
  }
  tasks_.push_back(std::move(task));
}

void InputQueues::clear() {
  for (Task& task : tasks_) {
    for (Input& input : task.inputs) {
      input.head.reset();
      if (input.queue) rd_kafka_queue_io_event_enable(input.queue.get(), -1, nullptr, 0);
    }
  }
  tasks_.clear();
  turn_ = in_a_row_ = 0;
}

void InputQueues::drop_heads() {
  for (Task& task : tasks_) {
    task.waiting = false;
    for (Input& input : task.inputs) {
      input.head.reset();
      input.looked = false;
    }
  }
}

void InputQueues::begin_turn() {
  for (Task& task : tasks_) {
    for (Input& input : task.inputs) input.looked = false;
  }
}

InputQueues::Input* InputQueues::oldest(Task& task, SteadyTime now, const Expects& expects) {
  Input* found = nullptr;
  std::int64_t least = 0;
  bool missing = false;
  for (std::size_t i = 0; i < task.inputs.size(); ++i) {
    Input& input = task.inputs[i];
    if (!input.head && !input.looked && input.queue) {
      input.head.reset(rd_kafka_consume_queue(input.queue.get(), 0));
      input.looked = !input.head;
      input.expected = input.looked && expects(task.partition, i);
    }
    if (!input.head) {
      missing = missing || input.expected;
      continue;
    }
    if (input.head->err != RD_KAFKA_RESP_ERR_NO_ERROR) return &input;  // no record: at once
    const std::int64_t timestamp = rd_kafka_message_timestamp(input.head.get(), nullptr);
    if (found == nullptr || timestamp < least) {
      found = &input;
      least = timestamp;
    }
  }
  if (found == nullptr || !missing) {
    task.waiting = false;
    return found;
  }
  if (!task.waiting) {
    task.waiting = true;
    task.waiting_since = now;
  }
  return now - task.waiting_since >= kPatience ? found : nullptr;
}

RdMessage InputQueues::next(SteadyTime now, const Expects& expects) {
  for (std::size_t tried = 0; tried < tasks_.size(); ++tried) {
    if (in_a_row_ >= kInARow) {
      in_a_row_ = 0;
      turn_ = (turn_ + 1) % tasks_.size();
    }
    if (Input* input = oldest(tasks_[turn_], now, expects)) {
      ++in_a_row_;
      return std::move(input->head);
    }
    in_a_row_ = kInARow;
  }
  return nullptr;
}

void InputQueues::wait(std::chrono::milliseconds timeout) {
  pollfd readable{wake_[0], POLLIN, 0};
  if (::poll(&readable, wake_[0] >= 0 ? 1 : 0, static_cast<int>(timeout.count())) > 0) {
    char drained[256];
    while (::read(wake_[0], drained, sizeof drained) > 0) {
    }
  }
}

}  // namespace kronika::bus
