#include "client_api/http_get.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstring>
#include <span>

#include "common/base/error.h"

namespace juxta::gridrpc {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr std::uint64_t kLargest = std::uint64_t{1} << 40;
constexpr int kRedirections = 5;

using Response = http::response<http::vector_body<char>>;

// One request. Steps are asynchronous, for only those have time-outs, and waited for one by one.
class Exchange {
public:
    explicit Exchange(const Uri& uri) : uri_(uri), resolver_(context_), stream_(context_) {}

    Response run() {
        const std::string port = std::to_string(uri_.port == 0 ? 80 : uri_.port);
        net::ip::tcp::resolver::results_type places;
        step([&](auto done) {
            resolver_.async_resolve(uri_.host, port, [&, done](beast::error_code e, auto found) {
                places = std::move(found);
                done(e);
            });
        });
        step([&](auto done) {
            stream_.async_connect(places, [done](beast::error_code e, auto) { done(e); });
        });
        http::request<http::empty_body> request(http::verb::get, uri_.path, 11);
        request.set(http::field::host, uri_.host + (uri_.port == 0 ? "" : ":" + port));
        request.set(http::field::user_agent, "juxta");
        request.set(http::field::connection, "close");
        step([&](auto done) {
            http::async_write(stream_, request, [done](beast::error_code e, auto) { done(e); });
        });
        http::response_parser<http::vector_body<char>> parser;
        parser.body_limit(kLargest);
        beast::flat_buffer buffer;
        step([&](auto done) {
            http::async_read_header(stream_, buffer, parser,
                                    [done](beast::error_code e, auto) { done(e); });
        });
        // As long as something comes, it may take its time.
        while (!parser.is_done()) {
            step([&](auto done) {
                http::async_read_some(stream_, buffer, parser,
                                      [done](beast::error_code e, auto) { done(e); });
            });
        }
        return parser.release();
    }

private:
    template <class Start>
    void step(Start start) {
        beast::error_code error;
        stream_.expires_after(kPatience);
        start([&error](beast::error_code e) { error = e; });
        context_.restart();
        context_.run();
        if (error) {
            throw Error(ErrorCode::peer_unreachable,
                        uri_.text + " cannot be read: " + error.message());
        }
    }

    const Uri& uri_;
    net::io_context context_;
    net::ip::tcp::resolver resolver_;
    beast::tcp_stream stream_;
};

Uri redirected(const Uri& from, const Response& response) {
    std::string to(response[http::field::location]);
    if (to.starts_with('/')) {
        to = "http://" + from.host + (from.port == 0 ? "" : ':' + std::to_string(from.port)) + to;
    }
    const auto uri = parse_uri(to);
    if (uri && uri->kind == Uri::Kind::http) return *uri;
    throw Error(ErrorCode::unavailable,
                from.text + " has moved to '" + to + "', which is no http:");
}

}  // namespace

std::vector<std::byte> http_get(const Uri& uri) {
    Uri now = uri;
    for (int i = 0; i <= kRedirections; ++i) {
        const Response response = Exchange(now).run();
        const auto status = response.result_int();
        if (status / 100 == 3 && response.count(http::field::location) > 0) {
            now = redirected(now, response);
            continue;
        }
        if (status / 100 != 2) {
            throw Error(
                status == 404 ? ErrorCode::not_found : ErrorCode::unavailable,
                uri.text + " cannot be read: the server answered " + std::to_string(status));
        }
        const auto bytes = std::as_bytes(std::span(response.body()));
        return {bytes.begin(), bytes.end()};
    }
    throw Error(ErrorCode::unavailable, uri.text + " is redirected without an end");
}

}  // namespace juxta::gridrpc
