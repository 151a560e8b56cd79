// Data that change: a writer has a lock and commits a version; readers see whole versions.
#include <juxta/client.h>

#include <iostream>
#include <vector>

int main() try {
    const auto client = juxta::Client::connect();
    const auto data = client.put<double>(std::vector<double>(4, 1.0), {4});
    {
        const auto before = data.read();  // a snapshot: it stays what it is
        {
            auto next = data.write();  // nobody else writes now
            next.values()[0] = 7;
            std::cout << "version " << next.commit() << '\n';
        }
        std::cout << "before: " << before.values()[0] << ", now: " << data.get()[0] << '\n';
    }
    data.free();
    return 0;
} catch (const juxta::Error& e) {
    std::cerr << name_of(e.code()) << ": " << e.what() << '\n';
    return 1;
}
