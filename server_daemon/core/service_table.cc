#include "server_daemon/core/service_table.h"

#include <algorithm>
#include <cctype>

#include "common/base/error.h"
#include "common/model/extent.h"

namespace juxta::sed {
namespace {

// The C interface counts like the model.
static_assert(JUXTA_INT32 == static_cast<int>(ElementType::int32));
static_assert(JUXTA_CHAR == static_cast<int>(ElementType::char8));
static_assert(JUXTA_FILE == static_cast<int>(ElementType::file));
static_assert(JUXTA_MATRIX == static_cast<int>(Rank::matrix));
static_assert(JUXTA_OUT == static_cast<int>(Mode::out));

bool is_name(std::string_view name) {
    const auto fits = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
    };
    return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, fits);
}

[[noreturn]] void refuse(const std::string& text) {
    throw Error(ErrorCode::invalid_argument, text);
}

// "A[n][m]" is the argument A with the extents n and m. What is written otherwise stays in the
// name, which is refused then.
std::pair<std::string, std::vector<std::string>> split_name(const std::string& text) {
    std::vector<std::string> extents;
    std::size_t at = text.find('[');
    const std::string name = text.substr(0, at);
    while (at < text.size()) {
        const std::size_t end = text.find(']', at);
        if (text[at] != '[' || end == std::string::npos) return {text, {}};
        extents.push_back(text.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    return {name, extents};
}

void check(const Profile& profile) {
    if (!is_name(profile.name)) {
        refuse("'" + profile.name +
               "' cannot name a service: letters, digits and '_', '-', '.' can");
    }
    for (auto argument = profile.arguments.begin(); argument != profile.arguments.end();
         ++argument) {
        const std::string where = profile.name + ": argument '" + argument->name + "'";
        if (!is_name(argument->name)) refuse(where + " has no proper name");
        const auto same = [&](const ArgumentSpec& other) { return other.name == argument->name; };
        if (std::any_of(profile.arguments.begin(), argument, same)) {
            refuse(where + " is there twice");
        }
        const bool blob =
            argument->element == ElementType::string || argument->element == ElementType::file;
        if (blob && argument->rank != Rank::scalar) {
            refuse(where + ": there are no arrays of strings or files");
        }
        if (argument->element > ElementType::file || argument->rank > Rank::matrix ||
            argument->mode > Mode::out) {
            refuse(where + " has a type, rank or mode that does not exist");
        }
        const std::string why = why_no_extents(profile, *argument);
        if (!why.empty()) refuse(where + ": " + why);
    }
}

}  // namespace

void ServiceTable::add(Service service) {
    check(service.profile);
    if (service.solve == nullptr) refuse(service.profile.name + ": there is no function to call");
    const auto taken = [&](const Service& other) {
        return other.profile.name == service.profile.name;
    };
    if (const auto owner = std::ranges::find_if(services_, taken); owner != services_.end()) {
        refuse("module '" + service.profile.module + "' offers the service '" +
               service.profile.name + "', which module '" + owner->profile.module +
               "' offers already");
    }
    services_.push_back(std::move(service));
}

void ServiceTable::add(MetricFunction metric) {
    if (!is_name(metric.name)) {
        refuse("'" + metric.name + "' cannot name a metric: letters, digits and '_', '-', '.' can");
    }
    if (metric.function == nullptr) refuse(metric.name + ": there is no function to ask");
    if (std::ranges::find(metrics_, metric.name, &MetricFunction::name) != metrics_.end()) {
        refuse("the metric '" + metric.name + "' is there twice");
    }
    metrics_.push_back(std::move(metric));
}

const Service* ServiceTable::find(std::string_view service) const {
    for (const Service& candidate : services_) {
        if (candidate.profile.answers_to(service)) return &candidate;
    }
    return nullptr;
}

std::vector<Profile> ServiceTable::profiles() const {
    std::vector<Profile> all;
    for (const Service& service : services_) all.push_back(service.profile);
    return all;
}

// A profile in the making.
struct ModuleRegistry::Draft : juxta_profile {
    ModuleRegistry* owner;
    Profile profile;
};

const juxta_registry_table ModuleRegistry::kTable{profile_new, add_argument, never_retry,
                                                  add_service, add_metric};

ModuleRegistry::ModuleRegistry(ServiceTable& table, std::string module)
    : juxta_registry{&kTable}, table_(table), module_(std::move(module)) {}

ModuleRegistry::~ModuleRegistry() {
    for (Draft* draft : drafts_) delete draft;
}

juxta_profile* ModuleRegistry::profile_new(juxta_registry* registry, const char* name) {
    auto* self = static_cast<ModuleRegistry*>(registry);
    auto* draft = new Draft;
    draft->table = &kTable;
    draft->owner = self;
    draft->profile.name = name != nullptr ? name : "";
    draft->profile.module = self->module_;
    self->drafts_.push_back(draft);
    return draft;
}

void ModuleRegistry::add_argument(juxta_profile* profile, const char* name, juxta_mode mode,
                                  juxta_type type, juxta_rank rank) {
    auto [plain, extents] = split_name(name != nullptr ? name : "");
    static_cast<Draft*>(profile)->profile.arguments.push_back(
        {std::move(plain), static_cast<Mode>(mode), static_cast<ElementType>(type),
         static_cast<Rank>(rank), std::move(extents)});
}

void ModuleRegistry::never_retry(juxta_profile* profile) {
    static_cast<Draft*>(profile)->profile.retry = Retry::never;
}

int ModuleRegistry::add_metric(juxta_registry* registry, const char* name, juxta_metric function,
                               void* context) {
    auto* self = static_cast<ModuleRegistry*>(registry);
    try {
        self->table_.add(MetricFunction{name != nullptr ? name : "", function, context});
        return 0;
    } catch (const std::exception& e) {
        if (self->refusal_.empty()) self->refusal_ = e.what();
        return 1;
    }
}

int ModuleRegistry::add_service(juxta_profile* profile, juxta_solve solve, void* context) {
    auto* draft = static_cast<Draft*>(profile);
    try {
        draft->owner->table_.add(Service{draft->profile, solve, context});
        return 0;
    } catch (const std::exception& e) {
        if (draft->owner->refusal_.empty()) draft->owner->refusal_ = e.what();
        return 1;
    }
}

}  // namespace juxta::sed
