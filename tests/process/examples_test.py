"""What README.md promises to those who write programs and services: built against an installed prefix that was moved,
by pkg-config and by CMake, and run on a platform of that prefix. Nothing of it may use the build tree."""
import os
import re
import shutil
import subprocess
import tempfile
import time

import numpy

import platform_under_test
from platform_under_test import PlatformTest, main

BUILD = os.path.dirname(platform_under_test.BIN)
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
prefix = built = ""


def run(*words, **options):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
                          **options)
    assert done.returncode == 0, f"{' '.join(words)}: exit {done.returncode}:\n{done.stdout}"
    return done.stdout


def setUpModule():
    global prefix, built
    built = tempfile.mkdtemp(prefix="juxta-examples-")
    run("cmake", "--install", BUILD, "--prefix", os.path.join(built, "first"))
    prefix = os.path.join(built, "prefix")
    os.rename(os.path.join(built, "first"), prefix)
    platform_under_test.BIN = os.path.join(prefix, "bin")


def tearDownModule():
    shutil.rmtree(built, ignore_errors=True)


def libdir():
    return flags("--variable=libdir", "juxta")[0]


def flags(*words):
    found = next(folder for folder, _, files in os.walk(prefix) if "juxta.pc" in files)
    return run("pkg-config", *words, env={**os.environ, "PKG_CONFIG_PATH": found}).split()


def by_pkg_config(package, compiler, source, out, *options):
    out = os.path.join(built, out)
    run(*compiler, source, *options, *flags("--cflags", "--libs", package), "-Wl,-rpath," + libdir(), "-o", out)
    return out


def by_cmake(folder, target):
    made = tempfile.mkdtemp(dir=built)
    run("cmake", "-G", "Ninja", "-S", folder, "-B", made, "-DCMAKE_PREFIX_PATH=" + prefix, cwd=made)
    run("cmake", "--build", made)
    return os.path.join(made, target)


def own_service(name):
    """README.md's example of a service, as a source file of its own."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        code = next(c for c in re.findall(r"```cpp\n(.*?)```", file.read(), re.DOTALL) if "juxta_module" in c)
    folder = os.path.join(built, name)
    os.makedirs(folder)
    with open(os.path.join(folder, name + ".cc"), "w", encoding="utf-8") as file:
        file.write(code)
    return folder


class Examples(PlatformTest):
    UP = ["--clusters", "2", "--name", "grid"]

    def check_program(self, program):
        needs = run("ldd", program)
        self.assertNotIn("not found", needs)
        self.assertNotIn(os.path.realpath(BUILD) + "/", needs)
        self.assertRegex(needs, r"lib(juxta|gridrpc)\.so\S* => " + re.escape(prefix))

        a, b = numpy.random.rand(40, 50), numpy.random.rand(50, 40)
        self.put_array("A", a, "--cluster", "c1")
        self.put_array("B", b, "--cluster", "c2")
        run(program, "A", "B", "D", env=self.env, cwd=self.folder)
        numpy.testing.assert_allclose(self.get_array("D"), b @ (a @ b), rtol=1e-12)
        self.assertIn("0 of 4096 elements", run(program, env=self.env, cwd=self.folder))
        for datum in ("A", "B", "D"):
            self.juxta("rm", datum)

    def test_the_gridrpc_program_by_pkg_config(self):
        source = os.path.join(TOP, "examples/c/f1f2.c")
        self.check_program(by_pkg_config("gridrpc", ["cc", "-std=c99", "-Wall", "-Werror"], source, "c_f1f2"))

    def test_the_gridrpc_program_by_cmake(self):
        self.check_program(by_cmake(os.path.join(TOP, "examples/c"), "f1f2"))

    def test_the_cpp_program_by_pkg_config(self):
        source = os.path.join(TOP, "examples/cpp/f1f2.cc")
        self.check_program(by_pkg_config("juxta", ["c++", "-Wall", "-Werror"], source, "cpp_f1f2"))

    def test_the_cpp_program_by_cmake(self):
        self.check_program(by_cmake(os.path.join(TOP, "examples/cpp"), "f1f2"))


class Tutorial(PlatformTest):
    """examples/tutorial: built by CMake, the C programs by pkg-config too, on a platform with its services."""

    @classmethod
    def _start(cls):
        cls.made = os.path.dirname(by_cmake(os.path.join(TOP, "examples/tutorial"), "1_first_call"))
        modules = "".join(f'<module path="{cls.made}/{name}.so"/>' for name in ("tutorial", "by_hand", "in_cpp"))
        cls.DESCRIPTOR = f"""<?xml version="1.0"?>
            <platform name="tutorial" xmlns="urn:juxta:platform:1">
              <host name="h1" address="127.0.0.1" launcher="local"/>
              <cluster name="c1">
                <manager name="m1" host="h1"/><provider name="p1" host="h1" memory="64MiB"/>
              </cluster>
              <master_agent name="MA" host="h1">
                <sed name="s1" host="h1" cluster="c1" slots="4">
                  <module path="linalg"/><module path="testing"/>{modules}
                </sed>
              </master_agent>
            </platform>"""
        super()._start()

    def test_every_program_runs_and_leaves_nothing(self):
        programs = sorted(name for name in os.listdir(os.path.join(TOP, "examples/tutorial"))
                          if re.match(r"[1-6]_.*\.(c|cc)$", name))
        self.assertEqual(len(programs), 6)
        for name in programs:
            stem = name.split(".")[0]
            run(os.path.join(self.made, stem), env=self.env, cwd=self.folder)
            if name.endswith(".c"):
                source = os.path.join(TOP, "examples/tutorial", name)
                built_here = by_pkg_config("gridrpc", ["cc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"],
                                           source, stem)
                run(built_here, env=self.env, cwd=self.folder)
        self.assertEqual(self.json("data")["data"], [])

    def test_its_services_are_there(self):
        self.put_array("x", numpy.array([3.0, 1.0, 2.0]))
        for service, value in (("tutorial/mean", 2.0), ("by_hand/total", 6.0)):
            outputs = self.json("call", service, "3", "x")["outputs"]
            self.assertEqual(outputs[0]["value"], value)
        self.juxta("call", "in_cpp/sorted", "3", "x", "-o", "y")
        numpy.testing.assert_array_equal(self.get_array("y"), [1, 2, 3])
        self.fails("call", "by_hand/total", "4", "x", error="invalid_argument", says="expected 4")
        self.juxta("rm", "x")
        self.juxta("rm", "y")

    def test_c_programs_compile_as_cpp_without_a_warning(self):
        for name in ("1_first_call", "2_many_calls", "3_arrays"):
            by_pkg_config("gridrpc", ["c++", "-x", "c++", "-std=c++20", "-Wall", "-Wextra", "-Werror"],
                          os.path.join(TOP, "examples/tutorial", name + ".c"), name + "_cpp", "-x", "none")


class OwnServices(PlatformTest):
    """Services of somebody else's, on SeDs beside one with those of the installation."""

    @classmethod
    def _start(cls):
        folder = own_service("mine")
        mine = os.path.join(folder, "mine.so")
        run("c++", "-shared", "-fPIC", "mine.cc", *flags("--cflags", "juxta"), "-o", mine, cwd=folder)
        caller = by_pkg_config("juxta", ["c++", "-shared", "-fPIC", "-Wall", "-Werror"],
                               os.path.join(TOP, "tests/process/modules/caller.cc"), "caller.so")
        folder = own_service("theirs")
        with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write("cmake_minimum_required(VERSION 3.25)\nproject(theirs LANGUAGES CXX)\n"
                       "find_package(Juxta REQUIRED)\nadd_library(theirs MODULE theirs.cc)\n"
                       "target_link_libraries(theirs PRIVATE Juxta::service)\n")
        theirs = by_cmake(folder, "libtheirs.so")
        modules = "".join(f'<module path="{path}"/>' for path in (mine, caller))
        cls.DESCRIPTOR = f"""<?xml version="1.0"?>
            <platform name="own" xmlns="urn:juxta:platform:1">
              <host name="h1" address="127.0.0.1" launcher="local"/>
              <host name="h2" address="127.0.0.1" launcher="local"/>
              <cluster name="c1">
                <manager name="m1" host="h1"/><provider name="p1" host="h1" memory="64MiB"/>
              </cluster>
              <master_agent name="MA" host="h1">
                <sed name="mine" host="h1" cluster="c1" slots="2">{modules}</sed>
                <sed name="theirs" host="h2" cluster="c1" slots="1">
                  <module path="linalg"/><module path="testing"/>
                </sed>
                <sed name="third" host="h2" cluster="c1" slots="1"><module path="{theirs}"/></sed>
              </master_agent>
            </platform>"""
        super()._start()
        cls.array = numpy.random.rand(30, 20)
        cls.put_array(cls, "A", cls.array)

    def call(self, *words, **options):
        return {o["name"]: o["value"] for o in self.json("call", *words, **options)["outputs"]}

    def test_the_service_of_the_readme(self):
        for module in ("mine", "libtheirs"):
            self.juxta("call", f"{module}/stretch", "A", "2.5", "-o", "B")
            numpy.testing.assert_array_equal(self.get_array("B"), 2.5 * self.array)
            self.juxta("rm", "B")

    def test_a_service_reads_data_and_calls_another(self):
        for _ in range(40):
            got = self.call("read_and_call", "A")
            self.assertEqual(got["first"], self.array[0, 0])
            self.assertAlmostEqual(got["norm"], numpy.linalg.norm(self.array))

    def serves_again(self, within):
        """`theirs` has its only slot free again."""
        began = time.time()
        self.juxta("call", "sleep", "0", timeout=within + 5)
        self.assertLess(time.time() - began, within)

    def test_a_cancel_reaches_the_calls_of_the_service(self):
        request = self.json("call", "sleep_elsewhere", "40", "--async")["request"]
        time.sleep(1)
        self.juxta("cancel", request)
        self.serves_again(within=12)

    def test_a_deadline_reaches_the_calls_of_the_service(self):
        self.fails("call", "sleep_elsewhere", "40", "--deadline", "1", error="deadline_exceeded")
        self.serves_again(within=12)

    def test_the_data_of_a_cancelled_service_go(self):
        request = self.json("call", "hold_result", "A", "60", "--async")["request"]
        self.eventually(lambda: len(self.json("data")["data"]) == 2, 10, "the result is there")
        self.juxta("cancel", request)
        self.eventually(lambda: len(self.json("data")["data"]) == 1, 20, "it went with its client")


if __name__ == "__main__":
    main()
