// Module `linalg`: dense linear algebra in double precision, by OpenBLAS.
//
// Shapes are checked before anything is computed; the errors name the matrices and their extents.
#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "server_daemon/juxta/service.h"

// LAPACK has no C header that every OpenBLAS brings along.
extern "C" {
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void dgetrs_(const char* transposed, const int* n, const int* columns, const double* a,
             const int* lda, const int* pivots, double* b, const int* ldb, int* info,
             std::size_t length);
}

namespace {

using namespace juxta::service;

using In = Matrix<const double>;
using Result = Out<Matrix<double>>;

std::string shape(const In& matrix) {
    return std::to_string(matrix.rows()) + 'x' + std::to_string(matrix.columns());
}

int extent(const char* service, std::size_t size) {
    if (size > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        throw Failure(std::string("an extent of ") + std::to_string(size) + " is too large for " +
                      service);
    }
    return static_cast<int>(size);
}

// "A is 3x4 and B is 5x2: the inner extents 4 and 5 differ".
void multiply(const char* left, const In& A, const char* right, const In& B, Result& C) {
    if (A.columns() != B.rows()) {
        throw Failure(std::string(left) + " is " + shape(A) + " and " + right + " is " + shape(B) +
                      ": the inner extents " + std::to_string(A.columns()) + " and " +
                      std::to_string(B.rows()) + " differ");
    }
    const int m = extent("a product", A.rows()), n = extent("a product", B.columns()),
              k = extent("a product", A.columns());
    const Matrix<double> product = C.allocate(A.rows(), B.columns());
    if (product.size() == 0) return;
    if (k == 0) {
        std::fill_n(product.data(), product.size(), 0.0);
        return;
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0, A.data(), k, B.data(), n,
                0.0, product.data(), n);
}

void matmul(In A, In B, Result C) { multiply("A", A, "B", B, C); }
void f1(In A, In B, Result C) { multiply("A", A, "B", B, C); }
void f2(In B, In C, Result D) { multiply("B", B, "C", C, D); }

void add(In A, In B, Result C) {
    if (A.rows() != B.rows() || A.columns() != B.columns()) {
        throw Failure("A is " + shape(A) + " and B is " + shape(B) +
                      ": only equal shapes can be added");
    }
    const Matrix<double> sum = C.allocate(A.rows(), A.columns());
    for (std::size_t i = 0; i < sum.size(); ++i) sum.data()[i] = A.data()[i] + B.data()[i];
}

void scale(In A, double alpha, Result B) {
    const Matrix<double> scaled = B.allocate(A.rows(), A.columns());
    for (std::size_t i = 0; i < scaled.size(); ++i) scaled.data()[i] = alpha * A.data()[i];
}

void transpose(In A, Result B) {
    const Matrix<double> transposed = B.allocate(A.columns(), A.rows());
    if (A.size() == 0) return;
    cblas_domatcopy(CblasRowMajor, CblasTrans, extent("transpose", A.rows()),
                    extent("transpose", A.columns()), 1.0, A.data(),
                    extent("transpose", A.columns()), transposed.data(),
                    extent("transpose", A.rows()));
}

void solve(In A, Vector<const double> b, Out<Vector<double>> x) {
    if (A.rows() != A.columns())
        throw Failure("A is " + shape(A) + ": only square systems are solved");
    if (A.rows() != b.size()) {
        throw Failure("A is " + shape(A) + " and b has " + std::to_string(b.size()) +
                      " elements: the extents " + std::to_string(A.rows()) + " and " +
                      std::to_string(b.size()) + " differ");
    }
    const int n = extent("solve", A.rows());
    const Vector<double> solution = x.allocate(b.size());
    if (n == 0) return;
    // LAPACK overwrites the matrix with its factors. It takes the columns of a matrix where ours
    // has rows: it factors the transpose of A, and solves with the transpose of that.
    std::vector<double> factors(A.data(), A.data() + A.size());
    std::vector<int> pivots(A.rows());
    std::copy(b.begin(), b.end(), solution.begin());
    const int one = 1;
    int info = 0;
    dgetrf_(&n, &n, factors.data(), &n, pivots.data(), &info);
    if (info > 0) {
        throw Failure("A is singular: pivot " + std::to_string(info) + " of " + std::to_string(n) +
                      " is zero");
    }
    if (info == 0)
        dgetrs_("T", &n, &one, factors.data(), &n, pivots.data(), solution.data(), &n, &info, 1);
    if (info < 0) throw Failure("LAPACK refused argument " + std::to_string(-info));
}

void norm(In A, Out<double>& value) {
    // Row by row: the extents of a vector of BLAS are ints.
    double squares = 0, largest = 0;
    for (std::size_t i = 0; i < A.rows(); ++i) {
        const double row = cblas_dnrm2(extent("norm", A.columns()), A.row(i).data(), 1);
        if (std::isnan(row) || std::isinf(row)) {
            value = row;
            return;
        }
        if (row > largest) {
            squares = squares * (largest / row) * (largest / row) + 1;
            largest = row;
        } else if (row > 0) {
            squares += (row / largest) * (row / largest);
        }
    }
    value = largest * std::sqrt(squares);
}

}  // namespace

extern "C" JUXTA_EXPORT void juxta_module(Registry& registry) {
    registry.add("matmul", {"A", "B", "C"}, matmul);
    registry.add("add", {"A", "B", "C"}, add);
    registry.add("scale", {"A", "alpha", "B"}, scale);
    registry.add("transpose", {"A", "B"}, transpose);
    registry.add("solve", {"A", "b", "x"}, solve);
    registry.add("norm", {"A", "value"}, norm);
    registry.add("f1", {"A", "B", "C"}, f1);
    registry.add("f2", {"B", "C", "D"}, f2);
}
