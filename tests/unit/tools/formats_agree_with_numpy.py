"""What NumPy and SciPy write, array_convert reads, and the other way round, for every element type,
order, format and symmetry. Usage: formats_agree_with_numpy.py ARRAY_CONVERT"""
import os
import subprocess
import sys
import tempfile

import numpy
import scipy.io
import scipy.sparse

convert = sys.argv[1]
folder = tempfile.mkdtemp()
random = numpy.random.default_rng(7)
checked = 0


def through(source, target):
    subprocess.run([convert, source, target], check=True)
    return target


def same(name, got, want):
    global checked
    checked += 1
    assert got.dtype == want.dtype and got.shape == want.shape, (name, got.dtype, got.shape, want.dtype, want.shape)
    assert numpy.array_equal(got, want), name


def at(name):
    return os.path.join(folder, name)


for kind in ("<i4", "<i8", "<f4", "<f8", "<c8", "<c16", ">f8", ">i4", ">c16"):
    for shape in ((), (5,), (0,), (3, 4), (1, 7), (0, 3), (2, 3, 4)):
        for order in "CF":
            array = numpy.asarray(random.standard_normal(shape) * 100).astype(kind)
            if "c" in kind:
                array = array + numpy.asarray(1j * random.standard_normal(shape)).astype(kind)
            array = numpy.asarray(array, dtype=kind, order=order)
            numpy.save(at("in.npy"), array)
            same(f"npy {kind} {shape} {order}", numpy.load(through(at("in.npy"), at("out.npy"))), array.astype("<" + kind[1:]))

for field, array in (("real", random.standard_normal((6, 5))), ("integer", random.integers(-9, 9, (6, 5))),
                     ("complex", random.standard_normal((6, 5)) + 1j * random.standard_normal((6, 5)))):
    scipy.io.mmwrite(at("dense.mtx"), array, precision=17, symmetry="general")
    same("mtx array " + field, numpy.load(through(at("dense.mtx"), at("out.npy"))), array)
    numpy.save(at("in.npy"), array)
    same("to mtx " + field, scipy.io.mmread(through(at("in.npy"), at("out.mtx"))), array)
    sparse = scipy.sparse.coo_matrix(array * (random.random(array.shape) < 0.4))
    scipy.io.mmwrite(at("sparse.mtx"), sparse, precision=17, symmetry="general")
    same("mtx coordinate " + field, numpy.load(through(at("sparse.mtx"), at("out.npy"))), sparse.toarray())

square = random.standard_normal((5, 5)) + 1j * random.standard_normal((5, 5))
for symmetry, array in (("symmetric", square.real + square.real.T), ("skew-symmetric", square.real - square.real.T),
                        ("hermitian", square + square.conj().T)):
    for form in (array, scipy.sparse.coo_matrix(array)):
        scipy.io.mmwrite(at("s.mtx"), form, precision=17, symmetry=symmetry)
        want = scipy.io.mmread(at("s.mtx"))
        want = want.toarray() if scipy.sparse.issparse(want) else want
        same("mtx " + symmetry, numpy.load(through(at("s.mtx"), at("out.npy"))), want)

print(f"{checked} arrays agree")
