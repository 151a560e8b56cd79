#include "tests/history/order_graph.h"

#include <algorithm>
#include <tuple>

namespace juxta::history {
namespace {

using Node = std::uint32_t;  // an operation
constexpr Node kNone = ~Node{0};

class OrderGraph {
public:
    OrderGraph(const History& history, const Effects& effects, Report& report)
        : operations_(history.operations), effects_(effects), report_(report) {}

    void check() {
        program_order();
        order_of_versions();
        find_cycle();
    }

private:
    bool is_in(Node node) const {
        const Operation& op = operations_[node];
        if (op.deed == Deed::release) return effects_[node] != 0;
        return op.outcome == Outcome::ok && op.torn.empty();
    }
    std::uint64_t version_of(Node node) const {
        const Operation& op = operations_[node];
        return op.deed == Deed::release ? effects_[node] : op.version;
    }
    void edge(Node from, Node to) {
        if (from != kNone && to != kNone && from != to) edges_.emplace_back(from, to);
    }

    void program_order() {
        std::vector<Node> order(operations_.size());
        for (Node i = 0; i < order.size(); ++i) order[i] = i;
        std::ranges::sort(order, {}, [&](Node node) {
            const Operation& op = operations_[node];
            return std::tuple(op.client, op.invoked, op.returned);
        });
        Node before = kNone;
        const Operation* last = nullptr;
        for (const Node node : order) {
            const Operation& op = operations_[node];
            if (last == nullptr || last->client != op.client) {
                before = kNone;
            } else if (op.invoked < last->returned) {
                report_.add(Fault::inconclusive, op, "its client was busy with", *last);
            }
            last = &op;
            if (!is_in(node)) continue;
            edge(before, node);
            if (op.deed != Deed::release || op.outcome == Outcome::ok) before = node;
        }
    }

    // Per datum: the release of a version, those who read it, the release of the next.
    void order_of_versions() {
        std::vector<Node> order;
        for (Node i = 0; i < operations_.size(); ++i) {
            if (is_in(i)) order.push_back(i);
        }
        std::ranges::sort(order, {}, [&](Node node) {
            const Operation& op = operations_[node];
            return std::tuple(op.datum, version_of(node), op.deed != Deed::release);
        });
        Node release = kNone;
        std::vector<Node> readers;  // of that release's version
        std::uint32_t datum = 0;
        for (const Node node : order) {
            if (readers.empty() && release == kNone) datum = operations_[node].datum;
            if (operations_[node].datum != datum) {
                release = kNone;
                readers.clear();
                datum = operations_[node].datum;
            }
            if (operations_[node].deed != Deed::release) {
                edge(release, node);
                readers.push_back(node);
                continue;
            }
            edge(release, node);
            for (const Node reader : readers) edge(reader, node);
            readers.clear();
            release = node;
        }
    }

    // Takes away whatever nothing is before; a cycle is what remains.
    void find_cycle() {
        std::vector<std::uint32_t> first(operations_.size() + 1), waits(operations_.size());
        for (const auto& [from, to] : edges_) {
            ++first[from + 1];
            ++waits[to];
        }
        for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
        std::vector<Node> after(edges_.size());
        std::vector<std::uint32_t> fill(first.begin(), first.end() - 1);
        for (const auto& [from, to] : edges_) after[fill[from]++] = to;

        std::vector<Node> ready;
        for (Node i = 0; i < waits.size(); ++i) {
            if (waits[i] == 0) ready.push_back(i);
        }
        std::size_t done = 0;
        for (; !ready.empty(); ++done) {
            const Node node = ready.back();
            ready.pop_back();
            for (std::uint32_t i = first[node]; i < first[node + 1]; ++i) {
                if (--waits[after[i]] == 0) ready.push_back(after[i]);
            }
        }
        if (done < waits.size()) tell_cycle(waits);
    }

    // From what remains, back along edges between what remains, until it closes.
    void tell_cycle(const std::vector<std::uint32_t>& waits) {
        std::vector<Node> before(waits.size(), kNone);
        for (const auto& [from, to] : edges_) {
            if (waits[from] > 0 && waits[to] > 0) before[to] = from;
        }
        Node node = 0;
        while (waits[node] == 0) ++node;
        std::vector<bool> passed(waits.size());
        for (; !passed[node]; node = before[node]) passed[node] = true;
        std::string text;
        Node walk = node;
        for (int told = 0; told < 8 && (told == 0 || walk != node); ++told, walk = before[walk])
            text = report_.tell(operations_[walk]) + (text.empty() ? "" : "; then ") + text;
        report_.add(Fault::cycle, text);
    }

    const std::vector<Operation>& operations_;
    const Effects& effects_;
    Report& report_;
    std::vector<std::pair<Node, Node>> edges_;
};

}  // namespace

void check_order_across_data(const History& history, const Effects& effects, Report& report) {
    OrderGraph(history, effects, report).check();
}

}  // namespace juxta::history
