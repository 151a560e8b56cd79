// The DataManager's part in calls, and the transfers.
#include <algorithm>
#include <cstring>

#include "client_api/grpc_data_manager.h"
#include "data_service/core/data_access.h"

namespace juxta::gridrpc {
namespace {

bool is_text(const ArgumentSpec& spec) {
    return spec.element == ElementType::string || spec.element == ElementType::file;
}

// The shape of an array argument that so many elements are given for.
Shape shape_for(const ArgumentSpec& spec, const std::optional<Shape>& wanted,
                const std::vector<std::uint64_t>& dimensions, std::uint64_t elements) {
    if (wanted) return *wanted;
    if (spec.rank == Rank::vector) return {elements};
    if (dimensions.size() == 2) return dimensions;
    const std::uint64_t rows = dimensions.empty() ? elements : dimensions[0];
    return {rows, rows == 0 ? 0 : elements / rows};
}

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::invalid_argument, why); }

void check_element(const ArgumentSpec& spec, ElementType given) {
    if (is_text(spec) || spec.element == given) return;
    refuse("data of " + std::string(name_of(given)) + " cannot be " +
           std::string(name_of(spec.element)));
}

Arg text_argument(const ArgumentSpec& spec, std::span<const std::byte> bytes) {
    if (spec.element == ElementType::file) return Arg::file(bytes);
    return Arg(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace

bool DataManager::Source::anywhere() const {
    return datum || value || !more.empty() || (said && !said->inputs.empty());
}

DataManager::Source DataManager::source_of(const GridDataPtr& data) {
    return data->state.with([](const GridDataState& state) {
        return Source{state.said, state.datum, state.value, {}};
    });
}

// One after the other, until one can be read (GFD-R-P.186, 4.2.1).
Content DataManager::read(const Source& source) const {
    std::string why;
    const auto bytes = source.said ? source.said->bytes() : std::nullopt;
    const auto first_of = [&](const std::vector<Uri>& uris) -> std::optional<Content> {
        for (const Uri& uri : uris) {
            try {
                return store_.read(uri, bytes);
            } catch (const Error& e) {
                why += (why.empty() ? "" : "; ") + std::string(e.what());
            }
        }
        return std::nullopt;
    };
    if (auto content = first_of(source.more)) return std::move(*content);
    if (source.value) return *source.value;
    if (source.datum) {
        const auto access =
            std::make_shared<ReadAccess>(store_.client().open_untyped(source.datum->id()).read());
        return {access->bytes(), access};
    }
    if (source.said) {
        if (auto content = first_of(source.said->inputs)) return std::move(*content);
    }
    if (why.empty()) refuse("these data have no contents yet and no input to read them from");
    throw Error(ErrorCode::unavailable, "none of the inputs can be read: " + why);
}

// -- arguments -----------------------------------------------------------------------------------

DataManager::Input DataManager::input(const GridDataPtr& data, const ArgumentSpec& spec,
                                      const std::optional<Shape>& shape) {
    Source source = source_of(data);
    const Description said = described(data);
    if (said.type == GRPC_CONTAINER_OF_GRPC_DATA) return gathered(data, spec, shape);
    if (!source.datum && !source.value) {
        // An input that is a datum of the platform already.
        for (const Uri& uri : said.inputs) {
            if (uri.kind != Uri::Kind::platform) break;
            const auto found = store_.find(uri.path);
            if (!found) continue;
            source.datum =
                std::make_shared<Datum>(store_.client(), found->id(), found->type(), false);
            data->state.with([&](GridDataState& state) {
                state.datum = source.datum;
                state.datum_name = uri.path;
            });
            break;
        }
    }
    if (source.datum && is_array(spec)) {
        check_element(spec, source.datum->type().element);
        return {Arg(source.datum->id()), {source.datum}};
    }
    Content content = read(source);
    if (is_text(spec)) return {text_argument(spec, content.bytes), {}};
    check_element(spec, element_of(said.type).value_or(spec.element));
    const std::uint64_t elements = content.bytes.size() / size_of(spec.element);
    if (!is_array(spec)) {
        if (content.bytes.size() != size_of(spec.element)) refuse("these data are no scalar");
        return {Arg(Value{{spec.element, {}}, {content.bytes.begin(), content.bytes.end()}}), {}};
    }
    const DataType type{spec.element, shape_for(spec, shape, said.dimensions, elements)};
    if (bytes_of(type) != content.bytes.size()) {
        refuse("these data have " + std::to_string(content.bytes.size()) + " bytes, where " +
               to_string(type) + " is expected");
    }
    if (spec.mode == Mode::inout || !is_fleeting(said.modes[0])) {
        auto datum = placed(data, type, content.bytes);
        return {Arg(datum->id()), {datum}};
    }
    return {Arg(ArrayView{type, content.bytes}), {content.keeper}};
}

// GFD-R-P.186, A.5: the elements one after the other, by rank.
DataManager::Input DataManager::gathered(const GridDataPtr& container, const ArgumentSpec& spec,
                                         const std::optional<Shape>& shape) {
    if (!is_array(spec) || spec.mode == Mode::inout)
        refuse("a container can be an array that goes in");
    std::vector<grpc_data_t> elements;
    container->state.with([&](const GridDataState& state) {
        for (const auto& [rank, element] : state.elements) elements.push_back(*element);
    });
    auto all = std::make_shared<std::vector<std::byte>>();
    for (const grpc_data_t element : elements) {
        const GridDataPtr data = find(element);
        if (!data) refuse("data of the container were unbound");
        check_element(spec, element_of(described(data).type).value_or(ElementType::file));
        const Content content = read(source_of(data));
        all->insert(all->end(), content.bytes.begin(), content.bytes.end());
    }
    const std::uint64_t rows = std::max<std::uint64_t>(elements.size(), 1);
    const DataType type{spec.element,
                        shape_for(spec, shape, {rows}, all->size() / size_of(spec.element))};
    if (bytes_of(type) != all->size())
        refuse("the container has " + std::to_string(all->size()) + " bytes, where " +
               to_string(type) + " is expected");
    return {Arg(ArrayView{type, *all}), {all}};
}

// Puts the contents into the platform, for the data to stay there.
std::shared_ptr<const Datum> DataManager::placed(const GridDataPtr& data, const DataType& type,
                                                 std::span<const std::byte> bytes) {
    const Description said = described(data);
    Keeping keeping{type, said.modes[0]};
    PutOptions options;
    for (std::size_t i = 0; i < said.outputs.size(); ++i) {
        if (said.outputs[i].kind != Uri::Kind::platform || parse_data_id(said.outputs[i].path))
            continue;
        options.name = said.outputs[i].path;
        options.host = said.outputs[i].host;
        keeping.mode = said.mode_of(i);
        break;
    }
    options.persistence = keeping.mode;
    const DataHandle made = store_.client().put_bytes(type, bytes, options);
    const bool owned = is_fleeting(keeping.mode) && options.name.empty();
    auto datum = std::make_shared<const Datum>(store_.client(), made.id(), type, owned);
    data->state.with([&](GridDataState& state) {
        state.datum = datum;
        state.datum_name = options.name;
    });
    return datum;
}

Arg DataManager::output(const GridDataPtr& data, const ArgumentSpec& spec) const {
    if (!is_array(spec)) return Arg::output();
    const auto [said, name] = data->state.with(
        [](const GridDataState& state) { return std::pair(state.said, state.output_name); });
    if (!said) return Arg::output(name);
    DataSpec wanted;
    wanted.persistence = said->modes[0];
    for (std::size_t i = 0; i < said->outputs.size(); ++i) {
        if (said->outputs[i].kind != Uri::Kind::platform || parse_data_id(said->outputs[i].path))
            continue;
        wanted.name = said->outputs[i].path;
        wanted.preferred_host = said->outputs[i].host;
        wanted.persistence = said->mode_of(i);
        break;
    }
    wanted.copies = store_.client().platform().default_copies;
    wanted.lifetime = is_fleeting(wanted.persistence) ? Lifetime::client : Lifetime::until_freed;
    return Arg::output(std::move(wanted));
}

void DataManager::used(const GridDataPtr& data) {
    const Description said = described(data);
    const bool wanted = data->state.with([&](GridDataState& state) {
        const bool again = is_fleeting(said.modes[0]);
        return !said.outputs.empty() && (again || !std::exchange(state.sent, true));
    });
    if (!wanted || said.type == GRPC_CONTAINER_OF_GRPC_DATA) return;
    Job job{data, source_of(data), {}};
    for (std::size_t i = 0; i < said.outputs.size(); ++i) {
        job.goals.push_back({said.outputs[i], said.mode_of(i)});
    }
    start(std::move(job));
}

void DataManager::produced(const GridDataPtr& data, const Output& output) {
    const Description said = described(data);
    const bool is_described =
        data->state.with([](const GridDataState& state) { return state.said.has_value(); });
    Job job{data, {}, {}};
    job.forget = is_described && std::ranges::all_of(said.modes, [](Persistence mode) {
                     return mode == Persistence::strictly_volatile;
                 });
    bool named = false;
    std::string name;
    for (std::size_t i = 0; i < said.outputs.size(); ++i) {
        const Uri& uri = said.outputs[i];
        const bool itself =
            output.id && uri.kind == Uri::Kind::platform && !named && !parse_data_id(uri.path);
        named |= itself;
        if (itself) name = uri.path;
        if (!itself) job.goals.push_back({uri, said.mode_of(i)});
    }
    if (output.id) {
        const bool owned = is_described && is_fleeting(said.modes[0]) && !named;
        std::shared_ptr<const Datum> before;
        data->state.with([&](GridDataState& state) {
            state.value.reset();
            if (state.datum && state.datum->id() == *output.id) return;
            // The one that the result has taken the name from: nobody finds it any more.
            if (named && state.datum_name == name) before = state.datum;
            state.datum =
                std::make_shared<const Datum>(store_.client(), *output.id, output.type, owned);
            state.datum_name = name;
        });
        if (before) Datum(store_.client(), before->id(), before->type(), true);  // frees it
    } else if (output.value) {
        Content content = content_of(output.value->bytes);
        data->state.with([&](GridDataState& state) {
            state.datum.reset();
            state.value = std::move(content);
        });
    }
    job.source = source_of(data);
    if (!job.goals.empty() || job.forget) start(std::move(job));
}

// -- transfers -----------------------------------------------------------------------------------

void DataManager::start(Job job) {
    job.data->state.with([](GridDataState& state) {
        if (state.running++ == 0) state.failed = false;
    });
    transfers_.change([](Count& count) { ++count.begun; });
    try {
        crew_.run([this, job] { run(job); });
    } catch (const std::exception& e) {
        finished(job.data, std::string("no thread for this transfer: ") + e.what());
    }
}

void DataManager::run(const Job& job) {
    std::string why;
    try {
        const bool needed = job.place || !job.goals.empty();
        const Content content = needed ? read(job.source) : Content{};
        if (job.place && !job.source.datum) {
            const auto type = described(job.data).data_type().value_or(
                DataType{ElementType::char8, {content.bytes.size()}});
            placed(job.data, type, content.bytes);
        }
        for (const Goal& goal : job.goals) {
            try {
                bring(job, goal, content);
            } catch (const std::exception& e) {
                why += (why.empty() ? "" : "; ") + std::string(e.what());
            }
        }
    } catch (const std::exception& e) {
        why = e.what();
    }
    if (job.forget && why.empty()) {
        job.data->state.with([&](GridDataState& state) {
            if (state.datum == job.source.datum) state.datum.reset();
        });
    }
    finished(job.data, why);
}

void DataManager::bring(const Job& job, const Goal& goal, const Content& content) {
    const bool into_platform = goal.uri.kind == Uri::Kind::platform;
    if (into_platform && job.source.datum && job.source.more.empty()) {
        const auto there = store_.find(goal.uri.path);
        if (there && there->id() == job.source.datum->id()) {
            data::SpecChange change;
            change.persistence = goal.mode;
            store_.client().data_access().change(there->id(), change);
            return;
        }
    }
    Keeping keeping{{ElementType::char8, {content.bytes.size()}}, goal.mode};
    const auto type = described(job.data).data_type();
    if (job.source.datum) {
        keeping.type = job.source.datum->type();
    } else if (type && bytes_of(*type) == content.bytes.size()) {
        keeping.type = *type;
    }
    const auto made = store_.write(goal.uri, content.bytes, keeping);
    if (!made || is_fleeting(goal.mode) || job.source.datum || job.source.value) return;
    // Kept in the platform now: this is where the data are from here on.
    auto datum = std::make_shared<const Datum>(store_.client(), made->id(), made->type(), false);
    job.data->state.with([&](GridDataState& state) {
        if (!state.datum && !state.value) state.datum = std::move(datum);
    });
}

void DataManager::finished(const GridDataPtr& data, const std::string& why) {
    data->state.with([&](GridDataState& state) {
        --state.running;
        if (why.empty()) return;
        state.failed = true;
        state.why = why;
    });
    transfers_.change([](Count& count) { ++count.ended; });
}

}  // namespace juxta::gridrpc
