#include "client_api/grpc_data_manager.h"

#include <cstdlib>
#include <cstring>
#include <set>

#include "client_api/grpc_library.h"
#include "data_service/core/data_access.h"

namespace juxta::gridrpc {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kFinalTransfers = std::chrono::seconds(60);

grpc_error_t refuse(grpc_error_t code, const std::string& why) {
    remember_error(why);
    return code;
}

grpc_error_t no_handle() {
    return refuse(GRPC_INVALID_DATA_HANDLE, "this grpc_data_t was never made, or was unbound");
}

// Those of a NULL-terminated list; nullopt: one is none, which is remembered.
std::optional<std::vector<Uri>> uris_in(const char** list, const UriStore& store, bool to_write) {
    std::vector<Uri> uris;
    for (; list != nullptr && *list != nullptr; ++list) {
        auto uri = parse_uri(*list);
        if (!uri || (to_write && uri->kind == Uri::Kind::http)) {
            remember_error(
                std::string("'") + *list +
                (uri ? "' can only be read"
                     : "' is no URI that is known here: memory:, file:, http: and juxta: are"));
            return std::nullopt;
        }
        uris.push_back(store.resolve(std::move(*uri)));
    }
    return uris;
}

// One for all of `outputs`, or one for each; nullopt: none of those, or not as many.
std::optional<std::vector<Persistence>> modes_in(const grpc_data_mode_t* list,
                                                 std::size_t outputs) {
    std::vector<Persistence> modes;
    for (; list != nullptr && *list != GRPC_END_LIST; ++list) {
        if (*list < GRPC_VOLATILE || *list > GRPC_UNIQUE_STICKY) return std::nullopt;
        modes.push_back(static_cast<Persistence>(*list));
        if (modes.size() > outputs && modes.size() > 1) return std::nullopt;
    }
    if (modes.empty()) modes.push_back(Persistence::volatile_);
    if (modes.size() != 1 && modes.size() != outputs) return std::nullopt;
    return modes;
}

grpc_error_t refuse_modes() {
    return refuse(GRPC_INVALID_MODE,
                  "the modes are GRPC_VOLATILE to GRPC_UNIQUE_STICKY, one or as many as outputs, "
                  "then GRPC_END_LIST");
}

char* as_list(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += item + '\0';
    text += '\0';
    auto* list = static_cast<char*>(std::malloc(text.size()));
    if (list == nullptr) throw Error(ErrorCode::out_of_space, "no memory for what was asked");
    std::memcpy(list, text.data(), text.size());
    return list;
}

}  // namespace

DataManager::~DataManager() {
    transfers_.wait_until(Clock::now() + kFinalTransfers,
                          [](const Count& count) { return count.begun == count.ended; });
    crew_.stop();
}

void DataManager::set(grpc_data_t* data, GridDataPtr now) {
    if (!table_.replace(*data, now)) *data = table_.add(std::move(now));
}

grpc_error_t DataManager::init(grpc_data_t* data, const char** inputs, const char** outputs,
                               grpc_data_type_t type, const size_t* dimensions,
                               const grpc_data_mode_t* modes) {
    Description said;
    said.type = type;
    if (name_of(type) == nullptr) return refuse(GRPC_INVALID_TYPE, "there is no such type of data");
    for (; dimensions != nullptr && *dimensions != 0; ++dimensions) {
        said.dimensions.push_back(*dimensions);
    }
    const bool text = type == GRPC_STRING || type == GRPC_FILE;
    if (text && said.dimensions == std::vector<std::uint64_t>{1}) said.dimensions.clear();
    if (!text && said.dimensions.empty()) said.dimensions.push_back(1);
    if (!said.dimensions.empty() && said.data_type() && !said.bytes())
        return refuse(GRPC_INVALID_TYPE, "data of these dimensions are larger than any memory");
    auto from = uris_in(inputs, store_, false);
    if (!from) return GRPC_INVALID_URI;
    auto to = uris_in(outputs, store_, true);
    if (!to) return GRPC_INVALID_URI;
    auto kept = modes_in(modes, to->size());
    if (!kept) return refuse_modes();
    said.inputs = std::move(*from);
    said.outputs = std::move(*to);
    said.modes = std::move(*kept);
    auto now = std::make_shared<GridData>();
    now->state.with([&](GridDataState& state) { state.said = std::move(said); });
    set(data, std::move(now));
    return GRPC_NO_ERROR;
}

grpc_data_t DataManager::open(const DataHandle& datum) {
    auto data = std::make_shared<GridData>();
    data->state.with([&](GridDataState& state) {
        state.datum = std::make_shared<Datum>(store_.client(), datum.id(), datum.type(), false);
    });
    return table_.add(std::move(data));
}

grpc_data_t DataManager::open_output(const std::string& name) {
    auto data = std::make_shared<GridData>();
    data->state.with([&](GridDataState& state) { state.output_name = name; });
    return table_.add(std::move(data));
}

std::shared_ptr<const Datum> DataManager::datum_of(grpc_data_t handle) const {
    const GridDataPtr data = find(handle);
    if (!data) throw Error(ErrorCode::invalid_argument, "this data handle is not open");
    auto datum = data->state.with([](const GridDataState& state) { return state.datum; });
    if (!datum) throw Error(ErrorCode::invalid_argument, "this data handle names no datum yet");
    return datum;
}

// -- containers ----------------------------------------------------------------------------------

// Whether `inner` is `outer` or somewhere in it.
bool DataManager::contains(grpc_data_t outer, grpc_data_t inner) const {
    std::set<grpc_data_t> seen;
    std::vector<grpc_data_t> waiting{outer};
    while (!waiting.empty()) {
        const grpc_data_t one = waiting.back();
        waiting.pop_back();
        if (one == inner) return true;
        const GridDataPtr data = seen.insert(one).second ? find(one) : nullptr;
        if (!data) continue;
        data->state.with([&](const GridDataState& state) {
            for (const auto& [rank, element] : state.elements) waiting.push_back(*element);
        });
    }
    return false;
}

grpc_error_t DataManager::set_element(grpc_data_t container, int rank, grpc_data_t data) {
    const GridDataPtr into = find(container);
    if (!into || !find(data)) return no_handle();
    if (described(into).type != GRPC_CONTAINER_OF_GRPC_DATA)
        return refuse(GRPC_INVALID_TYPE, "these data are no container");
    if (rank < 0) return refuse(GRPC_INVALID_RANK, "ranks in a container begin with 0");
    if (contains(data, container))
        return refuse(GRPC_OTHER_ERROR, "a container cannot contain itself");
    into->state.with(
        [&](GridDataState& state) { state.elements[rank] = std::make_unique<grpc_data_t>(data); });
    return GRPC_NO_ERROR;
}

grpc_error_t DataManager::get_element(grpc_data_t container, int rank, grpc_data_t** data) {
    const GridDataPtr from = find(container);
    if (!from) return no_handle();
    if (described(from).type != GRPC_CONTAINER_OF_GRPC_DATA)
        return refuse(GRPC_INVALID_TYPE, "these data are no container");
    grpc_data_t* found = from->state.with([&](const GridDataState& state) {
        const auto element = state.elements.find(rank);
        return element == state.elements.end() ? nullptr : element->second.get();
    });
    if (found == nullptr) return refuse(GRPC_INVALID_RANK, "nothing is at this rank");
    if (!find(*found)) return no_handle();
    *data = found;
    return GRPC_NO_ERROR;
}

// -- transfers -----------------------------------------------------------------------------------

grpc_error_t DataManager::transfer(grpc_data_t handle, const char** inputs, const char** outputs,
                                   const grpc_data_mode_t* modes) {
    const GridDataPtr data = find(handle);
    if (!data) return no_handle();
    auto from = uris_in(inputs, store_, false);
    if (!from) return GRPC_INVALID_URI;
    const auto to = uris_in(outputs, store_, true);
    if (!to) return GRPC_INVALID_URI;
    const Description said = described(data);
    const auto given = modes_in(modes, to->size());
    if (!given || (modes != nullptr && to->empty())) return refuse_modes();
    if (said.type == GRPC_CONTAINER_OF_GRPC_DATA) {
        if (!from->empty() || !to->empty())
            return refuse(GRPC_INVALID_DATA, "the data of a container have places of their own");
        std::vector<grpc_data_t> elements;
        data->state.with([&](const GridDataState& state) {
            for (const auto& [rank, element] : state.elements) elements.push_back(*element);
        });
        for (const grpc_data_t element : elements) {
            const grpc_error_t code = transfer(element, nullptr, nullptr, nullptr);
            if (code != GRPC_NO_ERROR) return code;
        }
        return GRPC_NO_ERROR;
    }
    Job job{data, source_of(data), {}};
    job.source.more = std::move(*from);
    for (std::size_t i = 0; i < said.outputs.size(); ++i) {
        job.goals.push_back({said.outputs[i], said.mode_of(i)});
    }
    for (std::size_t i = 0; i < to->size(); ++i) {
        job.goals.push_back({(*to)[i], modes == nullptr     ? said.modes[0]
                                       : given->size() == 1 ? (*given)[0]
                                                            : (*given)[i]});
    }
    job.place = job.goals.empty() && !is_fleeting(said.modes[0]);
    if (!job.source.anywhere())
        return refuse(GRPC_INVALID_DATA, "there is nowhere to read these data from");
    if (job.goals.empty() && !job.place)
        return refuse(GRPC_INVALID_DATA, "these data have no output to go to");
    start(std::move(job));
    return GRPC_NO_ERROR;
}

grpc_error_t DataManager::wait(const grpc_data_t** list, grpc_completion_mode_t mode,
                               grpc_data_t** returned) {
    if (mode != GRPC_WAIT_ALL && mode != GRPC_WAIT_ANY)
        return refuse(GRPC_OTHER_ERROR, "the mode is GRPC_WAIT_ALL or GRPC_WAIT_ANY");
    std::vector<const grpc_data_t*> places;
    std::vector<GridDataPtr> all;
    for (; list != nullptr && *list != nullptr; ++list) {
        places.push_back(*list);
        all.push_back(find(**list));
        if (!all.back()) return no_handle();
    }
    if (all.empty()) return refuse(GRPC_INVALID_DATA, "no data to wait for");
    for (;;) {
        const std::uint64_t seen = transfers_.with([](const Count& count) { return count.ended; });
        std::size_t running = 0;
        std::optional<std::size_t> ended, failed;
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i]->state.with([&](const GridDataState& state) {
                if (state.running > 0) {
                    ++running;
                } else if (state.failed) {
                    if (!failed) remember_error(state.why);
                    failed = failed.value_or(i);
                } else {
                    ended = ended.value_or(i);
                }
            });
        }
        const bool enough = mode == GRPC_WAIT_ALL ? running == 0 : running < all.size();
        if (enough) {
            const bool bad = failed && (mode == GRPC_WAIT_ALL || !ended);
            if (returned != nullptr)
                *returned = const_cast<grpc_data_t*>(places[bad ? *failed : *ended]);
            return bad ? grpc_error_t{GRPC_TRANSFER_ERROR} : grpc_error_t{GRPC_NO_ERROR};
        }
        transfers_.wait_until(Clock::now() + std::chrono::hours(24),
                              [&](const Count& count) { return count.ended != seen; });
    }
}

void DataManager::wait_for(const GridDataPtr& data) {
    for (;;) {
        const std::uint64_t seen = transfers_.with([](const Count& count) { return count.ended; });
        if (data->state.with([](const GridDataState& state) { return state.running == 0; })) return;
        transfers_.wait_until(Clock::now() + std::chrono::hours(24),
                              [&](const Count& count) { return count.ended != seen; });
    }
}

// -- the end of data -----------------------------------------------------------------------------

grpc_error_t DataManager::unbind(grpc_data_t* data) {
    if (!table_.close(*data)) return no_handle();
    *data = nullptr;
    return GRPC_NO_ERROR;
}

grpc_error_t DataManager::free(grpc_data_t* handle, const char** places) {
    const GridDataPtr data = find(*handle);
    if (!data) return no_handle();
    const auto uris = uris_in(places, store_, false);
    if (!uris) return GRPC_INVALID_URI;
    wait_for(data);
    const Source source = source_of(data);
    table_.close(*handle);
    *handle = nullptr;
    grpc_error_t code = GRPC_NO_ERROR;
    for (const Uri& uri : *uris) {
        try {
            store_.erase(uri);
        } catch (const Error& e) {
            code = refuse(GRPC_INVALID_URI, e.what());
        }
    }
    if (places != nullptr) return code;
    if (source.said) {
        for (const Uri& uri : source.said->outputs) {
            if (uri.kind == Uri::Kind::memory) store_.unmap_own(uri.path);
        }
    }
    if (!source.datum) return code;
    try {
        store_.client().data_access().free(source.datum->id());
    } catch (const Error& e) {
        if (e.code() != ErrorCode::not_found) throw;
    }
    return code;
}

// -- what is known -------------------------------------------------------------------------------

Description DataManager::described(const GridDataPtr& data) const {
    return data->state.with([](const GridDataState& state) {
        if (state.said) return *state.said;
        Description made;
        made.modes = {Persistence::volatile_};
        if (!state.datum) return made;
        for (const auto type : {GRPC_INT, GRPC_DOUBLE, GRPC_COMPLEX, GRPC_FLOAT_NP, GRPC_LONG_NP,
                                GRPC_CHAR_NP, GRPC_COMPLEX_FLOAT_NP}) {
            if (element_of(type) == state.datum->type().element) made.type = type;
        }
        made.dimensions = state.datum->type().shape;
        return made;
    });
}

std::vector<std::string> DataManager::infos(const GridDataPtr& data, grpc_data_info_type_t tag,
                                            const char* uri) const {
    const Description said = described(data);
    const Source source = source_of(data);
    const std::string id = source.datum ? to_string(source.datum->id()) : "";
    std::vector<std::string> found;
    switch (tag) {
        case GRPC_DATA_HANDLE: return {id};
        case GRPC_INPUT_URI:
            for (const Uri& each : said.inputs) found.push_back(each.text);
            if (!id.empty()) found.push_back("juxta:" + id);
            return found;
        case GRPC_OUTPUT_URI:
            for (const Uri& each : said.outputs) found.push_back(each.text);
            return found;
        case GRPC_MANAGEMENT_MODE: {
            std::set<Persistence> modes;
            for (std::size_t i = 0; i < said.outputs.size(); ++i) {
                if (uri == nullptr || said.outputs[i].text == uri) modes.insert(said.mode_of(i));
            }
            if (uri == nullptr && said.outputs.empty()) modes.insert(said.modes[0]);
            if (modes.size() == 1) found.push_back(mode_name(*modes.begin()));
            return found;
        }
        case GRPC_DIMENSION:
            for (const std::uint64_t extent : said.dimensions) {
                found.push_back(std::to_string(extent));
            }
            return found;
        case GRPC_TYPE: return {name_of(said.type)};
        case GRPC_LOCATIONS_LIST:
            if (id.empty()) return {""};
            for (const auto& block :
                 store_.client().data_access().describe(source.datum->id()).blocks) {
                for (const auto& copy : block.copies) {
                    found.push_back("juxta://" + copy.place.host + '/' + id);
                }
            }
            return found;
        case GRPC_STATUS: break;
    }
    return data->state.with([&](const GridDataState& state) -> std::vector<std::string> {
        if (tag != GRPC_STATUS) return {};
        if (state.running > 0) return {"GRPC_TRANSFERING"};
        return {state.failed ? "GRPC_ERROR_TRANSFER" : "GRPC_IN_PLACE"};
    });
}

grpc_error_t DataManager::info(grpc_data_t handle, grpc_data_info_type_t tag, const char* uri,
                               char** info) {
    const GridDataPtr data = find(handle);
    if (!data) return no_handle();
    const bool may_be_none =
        tag == GRPC_OUTPUT_URI || tag == GRPC_INPUT_URI || tag == GRPC_DIMENSION;
    const auto found = infos(data, tag, uri);
    if (found.empty() && !may_be_none)
        return refuse(GRPC_UNDEFINED, "this is not known of the data, or not one thing");
    *info = as_list(found);
    return GRPC_NO_ERROR;
}

grpc_error_t DataManager::load(grpc_data_t* handle, const char* from) {
    auto uri = parse_uri(from);
    if (!uri || uri->kind == Uri::Kind::platform)
        return refuse(GRPC_INVALID_URI, std::string("'") + from + "' is no place of a description");
    Content content;
    try {
        content = store_.read(*uri, std::nullopt);
    } catch (const Error& e) {
        return refuse(GRPC_INVALID_URI, e.what());
    }
    auto data = std::make_shared<GridData>();
    try {
        SavedDescription saved = parse_description(
            {reinterpret_cast<const char*>(content.bytes.data()), content.bytes.size()});
        std::shared_ptr<const Datum> datum;
        if (!saved.id.empty()) {
            const DataHandle found = store_.client().open_untyped(saved.id);
            datum = std::make_shared<Datum>(store_.client(), found.id(), found.type(), false);
        }
        data->state.with([&](GridDataState& state) {
            state.said = std::move(saved.description);
            state.datum = std::move(datum);
        });
    } catch (const Error& e) {
        const bool bad =
            e.code() == ErrorCode::invalid_argument || e.code() == ErrorCode::not_found;
        if (!bad) throw;
        return refuse(GRPC_INVALID_DATA, std::string(from) + ": " + e.what());
    }
    set(handle, std::move(data));
    return GRPC_NO_ERROR;
}

grpc_error_t DataManager::save(grpc_data_t handle, const char* to) {
    const GridDataPtr data = find(handle);
    if (!data) return no_handle();
    const auto uri = parse_uri(to);
    const bool writable = uri && (uri->kind == Uri::Kind::file || uri->kind == Uri::Kind::memory);
    if (!writable)
        return refuse(GRPC_INVALID_URI, std::string("'") + to + "' is no place for a description");
    const Description said = described(data);
    if (said.type == GRPC_CONTAINER_OF_GRPC_DATA)
        return refuse(GRPC_INVALID_DATA, "the data of a container are saved one by one");
    const Source source = source_of(data);
    const std::string text = to_text(said, source.datum ? to_string(source.datum->id()) : "");
    // What was mapped there before may be shorter.
    if (uri->kind == Uri::Kind::memory) store_.map(uri->path, nullptr);
    try {
        store_.write(*uri, std::as_bytes(std::span(text)), {});
    } catch (const Error& e) {
        return refuse(GRPC_INVALID_URI, e.what());
    }
    return GRPC_NO_ERROR;
}

}  // namespace juxta::gridrpc
