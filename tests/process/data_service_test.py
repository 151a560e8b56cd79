"""What the command line shows and changes of data: locks, blocks, protocols, copies, lifetimes, disks."""
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy

from platform_under_test import BIN, Failed, PlatformTest, main

UPDATE = ("import os, subprocess, sys\n"
          "juxta, datum, value, times = sys.argv[1:5]\n"
          "for i in range(int(times)):\n"
          "    open('w.bin', 'wb').write(bytes([int(value) + i]) * 8)\n"
          "    subprocess.run([juxta, 'put', 'w.bin', '--into', datum, '--offset', '0'], check=True,"
          " stdout=subprocess.DEVNULL)\n")


class DataOnOnePlatform(PlatformTest):
    UP = ["--clusters", "2", "--providers", "5"]

    def start(self, *words, **options):
        """A command that runs on, with its standard output as text."""
        process = subprocess.Popen([os.path.join(BIN, "juxta"), *map(str, words)], env=self.env, cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(self.finish, process)
        return process

    @staticmethod
    def finish(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def lock_of(self, datum):
        return self.json("data", datum)["lock"]

    # -- set -----------------------------------------------------------------------------------------------------

    def test_copies_are_raised_and_lowered_on_a_live_datum(self):
        array = numpy.arange(40000.0)
        put = self.put_array("grow", array)
        changed = self.json("set", "grow", "--copies", 3)
        self.assertEqual((changed["id"], changed["version"], changed["bytes"]), (put["id"], 1, array.nbytes))
        self.eventually(lambda: self.json("data", "grow")["copies"] == 3, 10, "three copies are there")
        told = self.json("data", "grow")
        self.assertEqual(told["copies_wanted"], 3)
        copies = told["blocks"][0]["copies"]
        self.assertEqual(len({c["host"] for c in copies if c["state"] == "full"}), 3)
        self.assertEqual({c["cluster"] for c in copies if c["state"] == "full"}, {told["owner"]})
        self.json("set", "grow", "--copies", 1)
        self.eventually(lambda: self.json("data", "grow")["copies"] == 1, 10, "one copy is left")
        self.assertTrue(numpy.array_equal(self.get_array("grow"), array))

    def test_a_second_cluster_keeps_copies_when_asked_to(self):
        array = numpy.arange(5000.0)
        self.put_array("wide", array, "--cluster", "c1", "--clusters", 2)
        self.eventually(lambda: self.json("data", "wide")["clusters"] == 2, 10, "both clusters have copies")
        self.put_array("later", array, "--cluster", "c1")
        self.assertEqual(self.json("data", "later")["clusters_wanted"], 1)
        self.json("set", "later", "--clusters", 2)
        self.eventually(lambda: self.json("data", "later")["clusters"] == 2, 10, "both clusters have copies")
        self.assertTrue(numpy.array_equal(self.get_array("later"), array))

    def test_names_and_persistence_are_changed_and_bad_changes_refused(self):
        put = self.put_array("before", numpy.zeros(3))
        self.json("set", "before", "--name", "after", "--persist", "sticky")
        told = self.json("data", "after")
        self.assertEqual((told["id"], told["persist"]), (put["id"], "sticky"))
        self.fails("data", "before", error="not_found")
        self.fails("set", "after", code=2, says="nothing to change")
        self.fails("set", "after", "--copies", "0", code=2)
        self.fails("set", "after", "--persist", "for_ever", error="invalid_argument", says="unique_sticky")
        self.fails("set", "after", "--persist", "unique_sticky", "--copies", 2, error="invalid_argument",
                   says="exactly one")
        self.fails("set", "nobody", "--copies", 2, error="not_found", says="nobody")
        self.fails("set", "after", "--name", "d:1", error="invalid_argument")

    def test_a_datum_with_a_lease_lives_as_long_as_it_is_renewed(self):
        put = self.put_array("leased", numpy.zeros(3))
        self.json("set", "leased", "--lease", "2")
        self.assertEqual(self.json("data", "leased")["lease_s"], 2)
        for _ in range(3):
            time.sleep(1)
            self.json("set", "leased", "--lease", "2")
        self.assertEqual(self.json("data", "leased")["id"], put["id"])
        self.eventually(lambda: put["id"] not in [d["id"] for d in self.json("data")["data"]], 10, "it is freed")

    # -- persistence modes -----------------------------------------------------------------------------------------

    def test_every_persistence_mode_is_kept_and_shown_and_outlives_the_command_that_put_it(self):
        array = numpy.arange(100.0)
        for mode in ("volatile", "strictly_volatile", "persistent", "sticky", "unique_sticky"):
            put = self.put_array("mode_" + mode, array, "--persist", mode)
            told = self.json("data", put["id"])
            self.assertEqual((told["persist"], told["copies"], told["version"]), (mode, 1, 1))
            self.assertTrue(numpy.array_equal(self.get_array("mode_" + mode), array), mode)
            self.juxta("rm", put["id"])
            self.fails("data", put["id"], error="not_found")

    def test_a_put_that_dies_half_way_leaves_nothing(self):
        with open(self.path("big.bin"), "wb") as file:
            file.truncate(200 << 20)
        before = len(self.json("data")["data"])
        process = self.start("put", "big.bin", "--name", "half")
        self.eventually(lambda: len(self.json("data")["data"]) > before, 10, "it is being put")
        process.kill()
        process.wait()
        self.fails("data", "half", error="not_found")
        self.eventually(lambda: len(self.json("data")["data"]) == before, 30, "what was half put is gone")

    def test_outputs_without_a_name_go_with_the_client_and_named_ones_stay(self):
        self.put_array("m", numpy.eye(50))
        named = self.json("call", "f1", "m", "m", "-o", "kept")["outputs"][0]["id"]
        unnamed = self.json("call", "f1", "m", "m")["outputs"][0]["id"]
        self.assertEqual(self.json("data", named)["persist"], "persistent")
        self.eventually(lambda: unnamed not in [d["id"] for d in self.json("data")["data"]], 20,
                        "the unnamed output is gone")
        self.assertTrue(numpy.array_equal(self.get_array("kept"), numpy.eye(50)))

    # -- locks ---------------------------------------------------------------------------------------------------

    def test_a_lock_is_held_until_sigterm_shown_and_waited_for_in_order(self):
        put = self.put_array("L", numpy.zeros(4))
        self.assertIsNone(self.lock_of("L"))
        holder = self.start("lock", "L")
        token = int(holder.stdout.readline())
        shown = self.lock_of("L")
        self.assertEqual((shown["mode"], shown["token"], shown["waiting"], len(shown["holders"])),
                         ("exclusive", token, 0, 1))
        self.assertGreater(shown["lease_s"], 0)
        second = self.start("lock", "L", "--json")
        self.eventually(lambda: self.lock_of("L")["waiting"] == 1, 5, "the second waits")
        self.assertTrue(numpy.array_equal(self.get_array("L"), numpy.zeros(4)))  # a snapshot waits for nobody
        begun = time.time()
        holder.send_signal(signal.SIGTERM)
        self.assertEqual(holder.wait(timeout=5), 0)
        told = json.loads(second.stdout.readline())
        self.assertLess(time.time() - begun, 2, "given back, not run out")
        self.assertEqual((told["id"], told["mode"], told["version"]), (put["id"], "exclusive", 1))
        self.assertGreater(told["token"], token)
        second.send_signal(signal.SIGINT)
        self.assertEqual(second.wait(timeout=5), 0)
        self.assertIsNone(self.lock_of("L"))

    def test_a_wait_for_a_lock_ends_politely_with_a_signal(self):
        self.put_array("W", numpy.zeros(4))
        holder = self.start("lock", "W")
        holder.stdout.readline()
        waiter = self.start("lock", "W", "--json")
        self.eventually(lambda: self.lock_of("W")["waiting"] == 1, 5, "it waits")
        waiter.send_signal(signal.SIGTERM)
        self.assertEqual(waiter.wait(timeout=5), 1)
        self.assertEqual(json.loads(waiter.stdout.read())["error"]["code"], "cancelled")
        self.assertEqual(self.lock_of("W")["waiting"], 0)

    def test_readers_share_a_lock_and_keep_writers_out(self):
        self.put_array("S", numpy.zeros(4))
        readers = [self.start("lock", "S", "--shared") for _ in range(3)]
        for reader in readers:
            reader.stdout.readline()
        shown = self.lock_of("S")
        self.assertEqual((shown["mode"], len(shown["holders"])), ("shared", 3))
        done = []
        writer = threading.Thread(target=lambda: done.append(self.put_into("S", 7.0)))
        writer.start()
        time.sleep(0.5)
        self.assertEqual(done, [])
        for reader in readers:
            reader.send_signal(signal.SIGTERM)
            self.assertEqual(reader.wait(timeout=5), 0)
        writer.join(10)
        self.assertEqual(done[0]["version"], 2)

    def put_into(self, datum, value):
        with open(self.path("patch.bin"), "wb") as file:
            file.write(numpy.full(1, value).tobytes())
        return self.json("put", "patch.bin", "--into", datum, "--offset", 0)

    def test_commands_below_a_lock_use_it_and_its_status_is_theirs(self):
        put = self.put_array("B", numpy.zeros(4))
        juxta = os.path.join(BIN, "juxta")
        # Two puts under one lock: a put without its token would wait for the lock for ever.
        self.juxta("lock", "B", "--", "/usr/bin/python3", "-c", UPDATE, juxta, "B", "3", "2")
        self.assertEqual(self.get_array("B").tobytes()[:8], bytes([4]) * 8)
        self.assertEqual(self.json("data", "B")["version"], 3)
        self.assertIsNone(self.lock_of("B"))
        shell = ["--", "/bin/sh", "-c"]
        environment = self.juxta("lock", "B", *shell, "echo $JUXTA_LOCK").strip()
        self.assertTrue(environment.startswith(put["id"] + ":"), environment)
        self.assertEqual(self.lock_of("B"), None)
        with self.assertRaises(Failed) as failed:
            self.juxta("lock", "B", *shell, "exit 7")
        self.assertEqual(failed.exception.code, 7)
        told = json.loads(self.juxta("lock", "--json", "B", "--", "true"))
        self.assertEqual((told["id"], told["status"], told["mode"]), (put["id"], 0, "exclusive"))
        self.juxta("lock", "B", "--shared", "--", juxta, "get", "B", "-o", "seen.npy")
        with self.assertRaises(Failed) as failed:
            self.juxta("lock", "--json", "B", "--", "/no/such/program")
        self.assertEqual((failed.exception.code, failed.exception.error()["code"]), (1, "not_found"))
        self.assertIn("/no/such/program", failed.exception.err)
        self.assertIsNone(self.lock_of("B"))

    def test_a_token_that_holds_no_lock_is_refused(self):
        put = self.put_array("T", numpy.zeros(4))
        holder = self.start("lock", "T")
        token = int(holder.stdout.readline())
        holder.send_signal(signal.SIGTERM)
        holder.wait(timeout=5)
        late = {"JUXTA_LOCK": f"{put['id']}:{token}"}
        numpy.save(self.path("four.npy"), numpy.ones(4))
        for words in (("put", "four.npy", "--into", "T"), ("get", "T", "-o", "x.npy")):
            with self.assertRaises(Failed) as failed:
                self.juxta(*words, "--json", env=late)
            self.assertEqual((failed.exception.code, failed.exception.error()["code"]), (1, "lease_expired"))
        self.assertEqual(self.json("data", "T")["version"], 1)
        for broken in ("", "x", put["id"], put["id"] + ":", put["id"] + ":0", "d:1:5", ":7"):
            if broken:
                with self.assertRaises(Failed) as failed:
                    self.juxta("put", "four.npy", "--into", "T", "--json", env={"JUXTA_LOCK": broken})
                self.assertEqual(failed.exception.error()["code"], "invalid_argument", broken)
        # Another datum's lock is no matter of this one.
        other = self.put_array("T2", numpy.zeros(4))
        self.assertEqual(self.json("put", "four.npy", "--into", "T", env={"JUXTA_LOCK": f"{other['id']}:5"})["version"], 2)

    def test_a_holder_that_stalls_loses_the_lock_and_is_told(self):
        self.put_array("X", numpy.zeros(4))
        holder = self.start("lock", "X", "--lease", "1", "--json", "--", "sleep", "60")
        self.eventually(lambda: self.lock_of("X") is not None, 5, "it is locked")
        holder.send_signal(signal.SIGSTOP)
        begun = time.time()
        self.assertEqual(self.put_into("X", 5.0)["version"], 2)
        self.assertLess(time.time() - begun, 6)
        holder.send_signal(signal.SIGCONT)
        self.assertEqual(holder.wait(timeout=10), 1)
        self.assertEqual(json.loads(holder.stdout.read())["error"]["code"], "lease_expired")
        self.fails("lock", "X", "--lease", "0", code=2)
        self.fails("lock", "X", "--lease", "0.01", error="invalid_argument", says="0.5 s")

    # -- blocks --------------------------------------------------------------------------------------------------

    def test_a_vector_is_put_in_blocks_each_with_copies_of_its_own(self):
        array = numpy.random.default_rng(3).standard_normal(100001)
        put = self.put_array("blocks", array, "--dist", "block", "--grid", "4", "--copies", "2")
        self.assertEqual((put["version"], put["bytes"]), (1, array.nbytes))
        told = self.json("data", "blocks")
        self.assertEqual([b["block"] for b in told["blocks"]], [0, 1, 2, 3])
        self.assertEqual([b["shape"] for b in told["blocks"]], [[25001], [25001], [25001], [24998]])
        self.assertEqual(sum(b["bytes"] for b in told["blocks"]), array.nbytes)
        for block in told["blocks"]:
            self.assertEqual(sum(c["state"] == "full" for c in block["copies"]), 2)
        self.assertTrue(numpy.array_equal(self.get_array("blocks"), array))
        # A region over the border of two blocks, and a service that maps them as one range.
        first = 25001 * 8 - 80
        with open(self.path("over.bin"), "wb") as file:
            file.write(numpy.full(20, 5.0).tobytes())
        self.assertEqual(self.json("put", "over.bin", "--into", "blocks", "--offset", first)["version"], 2)
        array[24991:25011] = 5
        self.assertTrue(numpy.array_equal(self.get_array("blocks"), array))
        norm = self.json("call", "linalg/norm", "blocks") if self.takes_vectors("linalg/norm") else None
        if norm:
            self.assertAlmostEqual(norm["outputs"][0]["value"], numpy.linalg.norm(array))
        self.json("put", "blocks.npy", "--into", "blocks")
        self.assertEqual(self.json("data", "blocks")["version"], 3)

    def takes_vectors(self, service):
        for each in self.json("services")["services"]:
            if each["module"] + "/" + each["name"] == service:
                return each["arguments"][0]["shape"] == "vector"
        return False

    # -- distributions -------------------------------------------------------------------------------------------

    @staticmethod
    def owned(kind, n, places, source, place):
        """The indices that a place owns along one dimension, as ScaLAPACK and HPF say."""
        name, _, words = kind.partition(":")
        index = numpy.arange(n)
        mine = (place - source) % places
        if name == "gen":
            ends = numpy.cumsum([int(length) for length in words.split("/")])
            return index[numpy.searchsorted(ends, index, side="right") == mine]
        block = {"*": n, "block": -(-n // places), "cyclic": int(words or 1)}[name]
        return index[index // max(block, 1) % places == mine]

    def local_piece(self, array, kinds, grid, sources, place):
        coordinates = numpy.unravel_index(place, grid)
        return array[numpy.ix_(*[self.owned(kind, n, p, s, at) for kind, n, p, s, at in
                                 zip(kinds, array.shape, grid, sources, coordinates)])]

    def test_arrays_are_distributed_and_every_place_has_its_local_piece(self):
        matrix = numpy.random.default_rng(8).standard_normal((37, 29))
        cube = numpy.arange(4 * 5 * 6, dtype="int32").reshape(4, 5, 6)
        for name, array, dist, grid, src in (
                ("rows", matrix, "block,*", "4x1", None), ("cyclic_rows", matrix, "cyclic,*", "3", None),
                ("block_cyclic", matrix, "cyclic:4,cyclic:3", "2x3", "1,2"), ("given", matrix, "gen:10/0/27,block", "3x2", None),
                ("cube", cube, "cyclic:2,*,block", "2x1x3", None), ("vector", matrix[0], "cyclic:5", "4", "3")):
            with self.subTest(name):
                put = self.put_array(name, array, "--dist", dist, "--grid", grid, *(["--src", src] if src else []))
                self.assertEqual((put["version"], put["bytes"]), (1, array.nbytes))
                self.assertTrue(numpy.array_equal(self.get_array(name), array))
                shape = [int(p) for p in grid.split("x")]
                shape += [1] * (array.ndim - len(shape))
                kinds = dist.split(",") if "," in dist else [dist] * array.ndim
                sources = [int(p) for p in src.split(",")] if src else [0] * array.ndim
                told = self.json("data", name)
                self.assertEqual(len(told["blocks"]), numpy.prod(shape))
                self.assertEqual([(l["dist"], l["state"]) for l in told["layouts"]], [(dist, "full")])
                for place, block in enumerate(told["blocks"]):
                    piece = self.local_piece(array, kinds, shape, sources, place)
                    self.assertEqual((block["place"], block["shape"]), (place, list(piece.shape)))
                    self.juxta("get", name, "--place", str(place), "-o", "piece.bin")
                    with open(self.path("piece.bin"), "rb") as file:
                        self.assertEqual(file.read(), piece.tobytes(order="F"), "in ScaLAPACK's local order")
                    self.juxta("get", name, "--place", str(place), "-o", "piece.npy")
                    self.assertTrue(numpy.array_equal(numpy.load(self.path("piece.npy")), piece))
                self.fails("get", name, "--place", str(len(told["blocks"])), "-o", "piece.bin", error="invalid_argument",
                           says="has no place")

    def test_a_distributed_matrix_is_read_written_and_computed_with_as_any_other(self):
        rng = numpy.random.default_rng(9)
        a, b = rng.standard_normal((120, 90)), rng.standard_normal((90, 110))
        self.put_array("Da", a, "--dist", "cyclic:16,cyclic:8", "--grid", "2x2", "--copies", "2")
        self.put_array("Db", b, "--dist", "block,*", "--grid", "3x1")
        self.json("call", "f1", "Da", "Db", "-o", "Dc")
        self.assertTrue(numpy.allclose(self.get_array("Dc"), a @ b))
        # A part that begins and ends inside an element, and a new version of the whole.
        with open(self.path("part.bin"), "wb") as file:
            file.write(bytes(range(250)))
        self.assertEqual(self.json("put", "part.bin", "--into", "Da", "--offset", "8003")["version"], 2)
        expected = bytearray(a.tobytes())
        expected[8003:8253] = bytes(range(250))
        self.assertEqual(self.get_array("Da").tobytes(), bytes(expected))
        self.juxta("get", "Da", "--offset", "8001", "--length", "33", "-o", "region.bin")
        with open(self.path("region.bin"), "rb") as file:
            self.assertEqual(file.read(), bytes(expected[8001:8034]))
        self.put_array("Da2", a + 1)
        self.json("put", "Da2.npy", "--into", "Da")
        self.assertTrue(numpy.array_equal(self.get_array("Da"), a + 1))
        # The piece of a place in another layout, and of a datum that has none.
        for name, array in (("Da", a + 1), ("Da2", a + 1)):
            for place in range(6):
                self.juxta("get", name, "--place", str(place), "--dist", "cyclic:7,block", "--grid", "3x2", "-o", "other.npy")
                piece = self.local_piece(array, ["cyclic:7", "block"], [3, 2], [0, 0], place)
                self.assertTrue(numpy.array_equal(numpy.load(self.path("other.npy")), piece))
        self.juxta("get", "Da2", "--place", "0", "-o", "whole.bin")
        with open(self.path("whole.bin"), "rb") as file:
            self.assertEqual(file.read(), (a + 1).tobytes(order="F"))

    def test_what_is_no_distribution_is_refused_and_nothing_is_put(self):
        numpy.save(self.path("v.npy"), numpy.zeros(10))
        numpy.save(self.path("m.npy"), numpy.zeros((4, 4)))
        before = len(self.json("data")["data"])
        for words, says in ((("v.npy", "--dist", "blok", "--grid", "2"), "there are: *, block, cyclic[:B]"),
                            (("v.npy", "--dist", "block"), "over how many places"),
                            (("v.npy", "--dist", "block", "--grid", "2x2"), "--grid 2x2 has 2 dimensions"),
                            (("m.npy", "--dist", "block", "--grid", "2"), "--grid 2 has 1 dimensions"),
                            (("v.npy", "--dist", "block", "--grid", "0"), "0 places"),
                            (("v.npy", "--dist", "cyclic:0", "--grid", "2"), "blocks of 0"),
                            (("v.npy", "--dist", "block", "--grid", "2", "--src", "2"), "source at place 2"),
                            (("m.npy", "--dist", "*,block", "--grid", "2x2"), "same elements"),
                            (("v.npy", "--dist", "block", "--grid", "99999"), "at most"),
                            (("v.npy", "--grid", "3"), "give --dist")):
            self.fails("put", *words, error="invalid_argument", says=says)
        self.assertEqual(len(self.json("data")["data"]), before)

    # -- protocols -----------------------------------------------------------------------------------------------

    def test_every_consistency_protocol_is_chosen_by_name_and_shown(self):
        for name in ("sequential", "entry", "relaxed", "immutable"):
            self.put_array("p_" + name, numpy.arange(10.0), "--protocol", name)
            self.assertEqual(self.json("data", "p_" + name)["protocol"], name)
            self.assertTrue(numpy.array_equal(self.get_array("p_" + name), numpy.arange(10.0)))
        for name in ("sequential", "entry", "relaxed"):
            self.assertEqual(self.put_into("p_" + name, 3.0)["version"], 2)
            self.assertEqual(self.get_array("p_" + name)[0], 3.0)
        numpy.save(self.path("ten.npy"), numpy.ones(10))
        self.fails("put", "ten.npy", "--into", "p_immutable", error="invalid_argument", says="immutable")
        self.assertTrue(numpy.array_equal(self.get_array("p_immutable"), numpy.arange(10.0)))
        self.fails("put", "ten.npy", "--protocol", "eventual", error="invalid_argument",
                   says=("eventual", "sequential, entry, relaxed, immutable"))

    def test_managers_tell_their_roles(self):
        roles = {}
        for manager in self.elements("manager"):
            roles.setdefault(manager["cluster"], []).append(manager["role"])
        for cluster, its in roles.items():
            self.assertEqual(its.count("leader"), 1, (cluster, its))
            self.assertEqual(set(its) - {"leader", "follower"}, set())


class DurableData(PlatformTest):
    """A platform whose providers have disks, taken down and up again."""
    DESCRIPTOR = """<platform name="disks" xmlns="urn:juxta:platform:1">
      <host name="h1" address="127.0.0.1" launcher="local"/> <host name="h2" address="127.0.0.1" launcher="local"/>
      <host name="h3" address="127.0.0.1" launcher="local"/>
      <cluster name="c1"> <manager name="m1" host="h1"/> <manager name="m2" host="h2"/> <manager name="m3" host="h3"/>
        <provider name="p1" host="h1" memory="256MiB" disk="1GiB"/>
        <provider name="p2" host="h2" memory="256MiB" disk="1GiB"/>
        <provider name="p3" host="h3" memory="256MiB"/>
      </cluster>
      <master_agent name="MA" host="h1"><sed name="s1" host="h1" cluster="c1"><module path="linalg"/></sed></master_agent>
    </platform>"""

    def test_durable_data_are_adopted_by_the_next_start_of_the_platform_and_others_are_lost(self):
        kept, blocks = numpy.arange(30000.0), numpy.arange(999.0)
        put = self.put_array("kept", kept, "--durable", "--copies", "2")
        self.put_array("blocks", blocks, "--durable", "--dist", "block", "--grid", "3")
        self.put_array("gone", kept)
        told = self.json("data", "kept")
        self.assertTrue(told["durable"])
        self.assertEqual({c["provider"] for c in told["blocks"][0]["copies"]}, {"p1", "p2"})  # those with disks
        with open(self.path("patch.bin"), "wb") as file:
            file.write(numpy.full(5, 9.0).tobytes())
        self.assertEqual(self.json("put", "patch.bin", "--into", "kept", "--offset", 8)["version"], 2)
        kept[1:6] = 9
        self.juxta("down", timeout=90)
        self.juxta("deploy", self.path("platform.xml"), timeout=90)
        self.eventually(lambda: self.json("data", "kept")["copies"] >= 1, 15, "its disks are adopted")
        told = self.json("data", "kept")
        self.assertEqual((told["id"], told["version"], told["lost"]), (put["id"], 2, False))
        self.assertTrue(numpy.array_equal(self.get_array("kept"), kept))
        self.assertTrue(numpy.array_equal(self.get_array("blocks"), blocks))
        self.eventually(lambda: self.json("data", "kept")["copies"] == 2, 15, "both copies are back")
        self.fails("get", "gone", "-o", "x.npy", error="data_lost", says="gone")
        # It goes on from there.
        numpy.save(self.path("next.npy"), kept + 1)
        self.assertEqual(self.json("put", "next.npy", "--into", "kept")["version"], 3)

    def test_durable_data_are_kept_by_providers_with_disks_only(self):
        self.put_array("d", numpy.zeros(10), "--durable", "--copies", "3")
        time.sleep(2)  # for a third copy to be made, if there were a place for it
        told = self.json("data", "d")
        self.assertEqual((told["copies"], told["copies_wanted"]), (2, 3))
        self.assertEqual({c["provider"] for c in told["blocks"][0]["copies"]}, {"p1", "p2"})
        self.fails("put", "d.npy", "--durable", "--persist", "volatile", error="invalid_argument", says="durable")
        self.fails("set", "d", "--persist", "volatile", error="invalid_argument", says="durable")


if __name__ == "__main__":
    main()
