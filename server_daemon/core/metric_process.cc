#include "server_daemon/core/metric_process.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/base/error.h"
#include "common/log/log.h"
#include "server_daemon/core/worker_messages.h"

namespace juxta::sed {
namespace {

constexpr std::chrono::milliseconds kPatience{100};
constexpr Duration kPause = 5 * kSecond;  // between a failure and the next process

}  // namespace

MetricProcess::MetricProcess(WorkerProgram program, std::vector<std::string> names)
    : program_(std::move(program)), names_(std::move(names)) {
    process();
}

std::vector<Metric> MetricProcess::measure(const ScheduleRequest& request,
                                           const std::string& service) {
    const auto asked = process();
    if (!asked) return {};
    Packer question;
    MetricQuestion about{service, request.inline_bytes, request.data_arguments, {}};
    about.names.resize(request.data.size());
    for (const DataId& id : request.data) {
        const auto known = std::ranges::find(request.locations, id, &DatumLocation::id);
        about.bytes.push_back(known == request.locations.end() ? 0 : known->bytes);
    }
    pack_measure(question, about);
    std::vector<Metric> metrics;
    try {
        asked->ask(question.packed(), {}, Companion::Clock::now() + kPatience,
                   [&](Unpacker& answer) {
                       if (unpack_kind(answer) != MessageKind::measured) {
                           throw Error(ErrorCode::internal, "the worker answered something odd");
                       }
                       const std::vector<double> values = unpack_measured(answer);
                       for (std::size_t i = 0; i < std::min(values.size(), names_.size()); ++i) {
                           if (std::isfinite(values[i])) metrics.push_back({names_[i], values[i]});
                       }
                   });
    } catch (const std::exception& e) {
        failed(asked, e.what());
    }
    return metrics;
}

std::shared_ptr<Companion> MetricProcess::process() {
    return state_.with([&](State& state) {
        if (!state.process && monotonic_now() >= state.not_before) {
            state.process = std::make_shared<Companion>(program_);
        }
        return state.process;
    });
}

void MetricProcess::failed(const std::shared_ptr<Companion>& process, const char* why) {
    const bool is_news = state_.with([&](State& state) {
        if (state.process != process) return false;
        state.process = nullptr;
        state.not_before = monotonic_now() + kPause;
        return true;
    });
    if (is_news) {
        log::warning("the metrics of this server are left out for {} s: {}", kPause / kSecond, why);
    }
}

std::vector<double> measure_all(const ServiceTable& services, Unpacker& question) {
    const MetricQuestion about = unpack_measure(question);
    std::vector<const char*> names;
    for (const std::string& name : about.names) names.push_back(name.c_str());
    const juxta_metric_question asked{about.service.c_str(), about.inline_bytes, names.size(),
                                      names.data(), about.bytes.data()};
    std::vector<double> values;
    for (const MetricFunction& metric : services.metrics()) {
        values.push_back(metric.function(&asked, metric.context));
    }
    return values;
}

}  // namespace juxta::sed
