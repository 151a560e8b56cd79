// Owners, local indices and sizes beside the index functions of ScaLAPACK's TOOLS: the library's
// own where it is installed (JUXTA_HAS_SCALAPACK), else their text in C++.
#include <gtest/gtest.h>

#include <cstdlib>

#include "data_service/distribution/scalapack.h"
#include "tests/unit/data_service/distribution/random_layouts.h"

#if JUXTA_HAS_SCALAPACK
extern "C" {
int numroc_(const int* n, const int* nb, const int* proc, const int* source, const int* procs);
int indxg2p_(const int* global, const int* nb, const int* unused, const int* source,
             const int* procs);
int indxg2l_(const int* global, const int* nb, const int* unused, const int* unused_too,
             const int* procs);
int indxl2g_(const int* local, const int* nb, const int* proc, const int* source, const int* procs);
}
#endif

namespace juxta::distribution {
namespace {

// 1-based, as in Fortran.
struct Tools {
    int n, nb, source, procs;

#if JUXTA_HAS_SCALAPACK
    int numroc(int proc) const { return numroc_(&n, &nb, &proc, &source, &procs); }
    int g2p(int global) const { return indxg2p_(&global, &nb, &n, &source, &procs); }
    int g2l(int global) const { return indxg2l_(&global, &nb, &n, &source, &procs); }
    int l2g(int local, int proc) const { return indxl2g_(&local, &nb, &proc, &source, &procs); }
#else
    int numroc(int proc) const {
        const int distance = (procs + proc - source) % procs;
        const int blocks = n / nb;
        int count = blocks / procs * nb;
        const int extra = blocks % procs;
        if (distance < extra) {
            count += nb;
        } else if (distance == extra) {
            count += n % nb;
        }
        return count;
    }
    int g2p(int global) const { return (source + (global - 1) / nb) % procs; }
    int g2l(int global) const { return nb * ((global - 1) / (nb * procs)) + (global - 1) % nb + 1; }
    int l2g(int local, int proc) const {
        return procs * nb * ((local - 1) / nb) + (local - 1) % nb +
               (procs + proc - source) % procs * nb + 1;
    }
#endif
};

TEST(ScalapackIndices, agree_for_random_block_cyclic_dimensions) {
    Dice dice(19);
    const char* wanted = std::getenv("JUXTA_DISTRIBUTION_CASES");
    const Index cases = wanted == nullptr ? 5000 : std::atol(wanted);
    for (Index i = 0; i < cases; ++i) {
        const Tools tools{
            static_cast<int>(dice.between(0, i % 2 == 0 ? 40 : 500)),
            static_cast<int>(dice.once_in(5) ? dice.between(1, 600) : dice.between(1, 9)),
            static_cast<int>(dice.between(0, 6)), 7};
        const Descriptor descriptor{
            .rows = tools.n, .columns = 1, .row_block = tools.nb, .row_source = tools.source};
        const Layout layout = layout_of(descriptor, {7, 1, Order::row_major}, 8);
        const Axis& axis = layout.axes.front();
        for (int p = 0; p < 7; ++p) {
            ASSERT_EQ(axis.count(p), tools.numroc(p));
            for (Index l = 0; l < axis.count(p); ++l) {
                ASSERT_EQ(axis.global(p, l) + 1, tools.l2g(static_cast<int>(l) + 1, p));
            }
        }
        for (int g = 0; g < tools.n; ++g) {
            ASSERT_EQ(axis.owner(g), tools.g2p(g + 1));
            ASSERT_EQ(axis.local(g) + 1, tools.g2l(g + 1));
        }
    }
}

}  // namespace
}  // namespace juxta::distribution
