// The label `kind` of kronika_kafka_errors_total.
#pragma once

#include <string_view>

#include <kronika/bus/options.h>
#include <kronika/bus/probe.h>

namespace kronika::busmetrics {

inline std::string_view name(bus::ClientErrorKind kind) {
  switch (kind) {
    case bus::ClientErrorKind::kTransient:
      return "transient";
    case bus::ClientErrorKind::kAbortable:
      return "abortable";
    case bus::ClientErrorKind::kFatal:
      return "fatal";
  }
  return "other";
}

}  // namespace kronika::busmetrics
