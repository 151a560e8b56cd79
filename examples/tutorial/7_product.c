/* The library that 7_tutorial.idl wraps. */
void product(int n, const double* a, const double* b, double* c);

void product(int n, const double* a, const double* b, double* c) {
    int i, j, k;
    for (i = 0; i < n; ++i) {
        for (j = 0; j < n; ++j) {
            double sum = 0;
            for (k = 0; k < n; ++k) sum += a[i * n + k] * b[k * n + j];
            c[i * n + j] = sum;
        }
    }
}
