"""The command line as its users see it: results, names, versions, and one clear line for every bad input."""
import numpy
import os
import subprocess
import threading
import time

from platform_under_test import BIN, Failed, PlatformTest, main


class CommandLine(PlatformTest):
    UP = ["--clusters", "2"]

    def test_the_main_job_computes_what_numpy_computes_and_the_second_call_moves_nothing(self):
        a, b = numpy.random.default_rng(1).standard_normal((2, 120, 120))
        self.put_array("A", a, "--cluster", "c1")
        self.put_array("B", b, "--cluster", "c2")
        first = self.json("call", "f1", "A", "B", "-o", "C")
        self.assertEqual(first["state"], "done")
        self.assertEqual(first["bytes_moved"], sum(m["bytes"] for m in first["moved"]))
        self.assertGreaterEqual(first["bytes_moved"], a.nbytes)
        before = {e["name"]: e["counters"] for e in self.elements()}
        second = self.json("call", "f2", "B", "C", "-o", "D")
        after = {e["name"]: e["counters"] for e in self.elements()}
        self.assertEqual(second["bytes_moved"], 0)
        for name, counters in after.items():
            for counter in ("data_bytes_in", "data_bytes_out"):
                self.assertEqual(counters[counter], before[name][counter], f"{name} {counter}")
        self.assertTrue(numpy.allclose(self.get_array("C"), a @ b))
        self.assertTrue(numpy.allclose(self.get_array("D"), b @ (a @ b)))
        for seconds in ("schedule", "transfer", "queue", "run"):
            self.assertGreaterEqual(second["seconds"][seconds], 0)

    def test_every_linalg_service_agrees_with_numpy(self):
        random = numpy.random.default_rng(2)
        m, n = random.standard_normal((7, 5)), random.standard_normal((5, 3))
        k, v = random.standard_normal((5, 5)), random.standard_normal(5)
        for name, array in (("m", m), ("n", n), ("k", k), ("v", v)):
            numpy.save(self.path(name + ".npy"), array)
        for words, want in ((("matmul", "@m.npy", "@n.npy"), m @ n), (("add", "@m.npy", "@m.npy"), m + m),
                            (("scale", "@m.npy", "-2.5"), -2.5 * m), (("transpose", "@m.npy"), m.T),
                            (("solve", "@k.npy", "@v.npy"), numpy.linalg.solve(k, v))):
            self.json("call", *words, "-o", "result")
            self.assertTrue(numpy.allclose(self.get_array("result"), want), words)
        norm = self.json("call", "linalg/norm", "@m.npy")["outputs"][0]["value"]
        self.assertAlmostEqual(norm, numpy.linalg.norm(m))

    def test_every_element_type_survives_put_and_get(self):
        for kind in ("i4", "i8", "f4", "f8", "c8", "c16"):
            for shape in ((3,), (4, 5), (0, 2), (300, 400)):
                array = (numpy.arange(numpy.prod(shape)).reshape(shape) * 1.5).astype(kind)
                self.put_array("typed", array)
                got = self.get_array("typed")
                self.assertEqual((got.dtype, got.shape), (array.dtype, array.shape))
                self.assertTrue(numpy.array_equal(got, array))

    def test_a_datum_keeps_versions_and_takes_regions(self):
        array = numpy.arange(20000.0)
        put = self.put_array("V", array)
        self.assertEqual((put["version"], put["bytes"]), (1, array.nbytes))
        with open(self.path("patch.bin"), "wb") as file:
            file.write(numpy.full(10, 7.0).tobytes())
        patched = self.json("put", "patch.bin", "--into", "V", "--offset", 80)
        self.assertEqual((patched["id"], patched["version"]), (put["id"], 2))
        array[10:20] = 7
        self.assertTrue(numpy.array_equal(self.get_array("V"), array))
        self.juxta("get", "V", "--offset", 72, "--length", 24, "-o", "region.bin")
        with open(self.path("region.bin"), "rb") as file:
            self.assertEqual(file.read(), array[9:12].tobytes())
        told = self.json("data", "V")
        self.assertEqual((told["version"], told["type"], told["shape"], told["copies"]), (2, "double", [20000], 1))
        copy = told["blocks"][0]["copies"][0]
        self.assertEqual((copy["state"], copy["version"]), ("full", 2))
        self.assertEqual(copy["pid"], self.element(copy["provider"])["pid"])
        self.assertIn(put["id"], [d["id"] for d in self.json("data")["data"]])
        self.juxta("rm", "V")
        self.fails("get", "V", "-o", "x.npy", error="not_found", says="V")
        self.fails("get", put["id"], "-o", "x.npy", error="not_found")

    def test_scalars_come_back_as_numbers(self):
        self.assertEqual(self.json("call", "echo", "-3.25")["outputs"][0]["value"], -3.25)
        self.assertEqual(self.json("call", "testing/SUCC", "41")["outputs"][0]["value"], 42)

    def test_an_asynchronous_call_is_waited_for_by_another_process(self):
        request = self.json("call", "sleep", "0.3", "--async")["request"]
        waited = self.json("wait", request)
        self.assertEqual((waited["request"], waited["state"]), (request, "done"))
        self.assertGreaterEqual(waited["seconds"]["run"], 0.29)

    def test_a_running_call_is_cancelled_by_another_process(self):
        request = self.json("call", "LOOP", "10", "--async")["request"]
        time.sleep(0.3)
        begun = time.time()
        self.juxta("cancel", request)
        failed = self.fails("wait", request)
        self.assertIn('"cancelled"', failed.out)
        self.assertLess(time.time() - begun, 5)

    def test_a_deadline_ends_a_call_that_runs_for_ever(self):
        begun = time.time()
        self.fails("call", "spin", "60", "--deadline", "0.5", error="deadline_exceeded")
        self.assertLess(time.time() - begun, 10)

    def test_a_crashing_service_is_an_error_with_its_signal_and_the_server_goes_on(self):
        before = [e["pid"] for e in self.elements("sed")]
        self.fails("call", "crash", error="service_failed", says="SIGSEGV")
        self.fails("call", "fail", "out of luck", error="service_failed", says="out of luck")
        self.fails("call", "EXIT", "1", error="service_failed", says="10")
        self.assertEqual([e["pid"] for e in self.elements("sed")], before)
        self.json("call", "echo", "1")

    def test_services_tell_their_arguments(self):
        services = {s["module"] + "/" + s["name"]: s for s in self.json("services")["services"]}
        for name in ("linalg/matmul", "linalg/f1", "linalg/f2", "linalg/solve", "testing/echo", "testing/LOOP"):
            self.assertIn(name, services)
        self.assertEqual(services["linalg/matmul"]["arguments"],
                         [{"name": "A", "mode": "in", "type": "double", "shape": "matrix"},
                          {"name": "B", "mode": "in", "type": "double", "shape": "matrix"},
                          {"name": "C", "mode": "out", "type": "double", "shape": "matrix"}])

    def test_bad_input_gets_one_clear_line(self):
        numpy.save(self.path("m.npy"), numpy.zeros((3, 4)))
        numpy.save(self.path("i.npy"), numpy.zeros((3, 4), dtype="i8"))
        with open(self.path("m.npy"), "rb") as whole, open(self.path("cut.npy"), "wb") as cut:
            cut.write(whole.read()[:150])
        self.juxta("put", "m.npy", "--name", "m34")
        self.fails("put", "missing.npy", error="not_found", says="missing.npy")
        self.fails("put", "cut.npy", error="invalid_argument", says=("cut.npy", "truncated"))
        self.fails("call", "matmull", "m34", "m34", error="not_found", says=("matmull", "matmul"))
        self.fails("call", "matmul", "m34", error="invalid_argument", says=("2 arguments", "1 given"))
        self.fails("call", "matmul", "m34", "m34", error="service_failed", says="3x4")
        self.fails("call", "matmul", "@i.npy", "@m.npy", error="invalid_argument", says=("double", "int64"))
        self.fails("call", "matmul", "nobody", "m34", error="not_found", says="nobody")
        self.fails("call", "echo", "two", error="invalid_argument", says="two")
        self.fails("get", "d:" + "0" * 32, "-o", "x.npy", error="not_found")
        self.fails("wait", "r:" + "0" * 32, error="not_found")
        self.fails("wait", "r:nonsense", error="invalid_argument")
        self.fails("put", "m.npy", "--copies", "0", code=2)
        self.fails("put", "m.npy", "--persist", "forever", error="invalid_argument", says="forever")
        self.fails("put", "m.npy", "--protocol", "chaos", error="invalid_argument", says="chaos")
        self.fails("put", "m.npy", "--cluster", "c9", says="c9")
        self.fails("frobnicate", code=2)
        self.fails("call", code=2)
        self.fails("start", "s1", says="s1")
        self.fails("start", "nobody", says="nobody")
        self.fails("status", "--platform", "nowhere", says="nowhere")

    def test_wrong_usage_says_what_was_expected(self):
        self.fails("frobnicate", code=2, error="invalid_argument", says="frobnicate")
        self.put_array("u", numpy.arange(6.0).reshape(2, 3))
        for words, says in ((("put", "u.npy", "--copies", "-1"), "whole number"), (("put", "u.npy", "--copies", "x"), "'x'"),
                            (("put", "u.npy", "--name", ""), "--name"), (("put", "u.npy", "--into", ""), "--into"),
                            (("put", "u.npy", "--into", "u", "--copies", "2"), "--copies"), (("put", "u.npy", "--offset", "1"), "--into"),
                            (("call", "echo", "1", "--deadline", "0"), "--deadline"), (("call", "echo", "1", "--deadline", "nan"), "nan"),
                            (("call", "echo", "1", "--deadline", "-1"), "'-1'"), (("get", "u", "-o", ""), "-o")):
            self.fails(*words, code=2, error="invalid_argument", says=says)

    def test_an_option_is_not_taken_for_the_value_that_was_forgotten(self):
        self.put_array("u", numpy.arange(6.0).reshape(2, 3))
        self.fails("call", "transpose", "u", "-o", code=2, says="-o")
        self.fails("put", "u.npy", "--name", code=2, says="--name")

    def test_words_that_start_with_a_dash_are_arguments_where_they_are_numbers_or_after_two(self):
        self.assertEqual(self.json("call", "echo", "-.5")["outputs"][0]["value"], -0.5)
        for words in (("fail", "-5 things"), ("fail", "--", "-dash")):
            with self.assertRaises(Failed) as caught:
                self.juxta("call", *words)
            self.assertIn(words[-1], caught.exception.err)

    def test_a_message_of_many_lines_is_told_in_one(self):
        self.fails("call", "fail", "first\nsecond", says="first second")

    def test_numbers_that_json_has_not_are_told_as_text(self):
        for word in ("nan", "inf", "-inf"):
            self.assertEqual(self.json("call", "echo", word)["outputs"][0]["value"], word)

    def test_names_that_could_not_be_asked_for_are_refused(self):
        numpy.save(self.path("n.npy"), numpy.zeros(3))
        self.put_array("n", numpy.zeros((2, 2)))
        for name in ("d:" + "0" * 32, "d:x", "@x", "two\nlines", "x" * 256, os.fsdecode(b"\xff\xfe")):
            self.fails("put", "n.npy", "--name", name, error="invalid_argument")
            self.fails("call", "transpose", "n", "-o", name, error="invalid_argument", says="not called")
        for name in ("../up", "a b", "\u00fcml\u00e4ut", "x" * 255, "r:1", "-5"):
            self.put_array_as("n.npy", name)
            self.juxta("get", name, "-o", "back.npy")
            self.juxta("rm", name)

    def put_array_as(self, file, name):
        return self.json("put", file, "--name", name)

    def test_a_put_that_is_killed_leaves_nothing_and_takes_no_name(self):
        array = numpy.arange(10.0)
        self.put_array("mine", array)
        with open(self.path("large.bin"), "wb") as file:
            file.truncate(700 << 20)
        putting = subprocess.Popen([os.path.join(BIN, "juxta"), "put", "large.bin", "--name", "mine"],
                                   env=self.env, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        full = 700 << 20
        self.eventually(lambda: max(e["used"] for e in self.elements("provider")) >= full, 10, "the put has begun")
        putting.kill()
        putting.wait()
        self.assertTrue(numpy.array_equal(self.get_array("mine"), array))
        self.eventually(lambda: max(e["used"] for e in self.elements("provider")) < full, 25, "its space is free again")

    def test_what_is_no_file_is_neither_read_nor_written(self):
        self.put_array("u", numpy.arange(6.0))
        os.mkfifo(self.path("pipe.npy"))
        self.fails("put", "pipe.npy", error="invalid_argument", says="not a regular file", timeout=10)
        self.fails("get", "u", "-o", "pipe.npy", error="invalid_argument", says="pipe.npy", timeout=10)
        self.fails("get", "u", "-o", ".", error="invalid_argument")

    def test_unique_sticky_data_have_one_copy(self):
        self.put_array("u", numpy.arange(6.0))
        self.fails("put", "u.npy", "--persist", "unique_sticky", "--copies", "2", error="invalid_argument", says="exactly one")

    def test_a_shape_error_names_both_shapes_and_the_service(self):
        self.put_array("wide", numpy.zeros((2, 9)))
        self.fails("call", "matmul", "wide", "wide", says=("matmul", "2x9"))

    def test_parallel_callers_all_get_their_own_answer(self):
        wrong = []

        def caller(number):
            for i in range(5):
                value = number * 100 + i
                got = self.json("call", "echo", value)["outputs"][0]["value"]
                if got != value:
                    wrong.append((value, got))

        threads = [threading.Thread(target=caller, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_a_client_without_a_platform_is_told_what_to_do(self):
        done = subprocess.run([os.path.join(BIN, "juxta"), "data"], capture_output=True, text=True, timeout=20, check=False,
                              env={**self.env, "JUXTA_STATE_DIR": self.path("empty")})
        self.assertEqual(done.returncode, 1)
        self.assertIn("juxta up", done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1)


if __name__ == "__main__":
    main()
