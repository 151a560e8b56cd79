"""SIGKILL of any one element and `juxta start` of it leaves a platform that works; nothing hangs."""
import numpy
import os
import signal
import threading
import time

from platform_under_test import Failed, PlatformTest, main


class Volatility(PlatformTest):
    UP = ["--clusters", "1", "--providers", "3", "--seds", "2"]

    def works(self):
        self.assertEqual(self.json("call", "echo", "5", timeout=30)["outputs"][0]["value"], 5)

    def check_datum(self, name, array):
        self.assertTrue(numpy.array_equal(self.get_array(name), array))

    def killed_and_started(self, name):
        before = self.element(name)
        self.kill(name)
        self.juxta("start", name)
        after = self.element(name)
        self.assertEqual((after["state"], after["port"]), ("up", before["port"]))
        self.assertGreater(after["incarnation"], before["incarnation"])

    def test_a_master_agent(self):
        self.killed_and_started("MA")
        self.eventually(lambda: self.works() or True, 5, "calls work again")

    def test_a_local_agent(self):
        name = self.elements("la")[0]["name"]
        self.killed_and_started(name)
        self.eventually(lambda: self.works() or True, 5, "calls work again")

    def test_a_sed_while_the_other_serves(self):
        self.kill("s1")
        self.works()
        self.juxta("start", "s1")
        self.works()

    def test_a_manager_and_data_are_found_by_id_and_name(self):
        array = numpy.arange(50000.0)
        put = self.put_array("kept", array)
        manager = self.elements("manager")[0]["name"]
        self.killed_and_started(manager)
        self.check_datum("kept", array)
        self.check_datum(put["id"], array)
        self.put_array("after", array + 1)
        self.check_datum("after", array + 1)

    def test_data_whose_only_provider_died_are_lost_and_others_are_not(self):
        arrays = {}
        for i in range(6):
            arrays[f"x{i}"] = numpy.full(20000, float(i))
            self.put_array(f"x{i}", arrays[f"x{i}"])
        home = {n: self.json("data", n)["blocks"][0]["copies"][0]["provider"] for n in arrays}
        victim = home["x0"]
        self.kill(victim)
        for name, array in arrays.items():
            if home[name] == victim:
                self.eventually(lambda: self.fails("get", name, "-o", "x.npy", error="data_lost", says=("copies", name)) or True,
                                5, f"{name} is lost")
            else:
                self.check_datum(name, array)
        self.juxta("start", victim)
        for name, array in arrays.items():
            if home[name] == victim:
                self.fails("get", name, "-o", "x.npy", error="data_lost")
                self.juxta("rm", name)
        self.put_array("fresh", arrays["x1"])
        self.check_datum("fresh", arrays["x1"])

    def test_a_datum_with_two_copies_outlives_its_primary_and_gets_its_second_copy_back(self):
        array = numpy.arange(100000.0)
        self.put_array("twice", array, "--copies", "2")
        primary = self.json("data", "twice")["blocks"][0]["primary"]
        self.kill(primary)
        self.check_datum("twice", array)
        self.eventually(lambda: self.json("data", "twice")["copies"] == 2, 15, "two copies again")
        self.juxta("start", primary)
        self.check_datum("twice", array)

    def test_a_stopped_sed_delays_a_call_by_about_its_second_once(self):
        self.works()
        pid = self.element("s1")["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(4):
                begun = time.time()
                self.works()
                self.assertLess(time.time() - begun, 5)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.works()

    def test_a_sed_killed_in_a_call_has_the_call_run_elsewhere(self):
        results = []
        caller = threading.Thread(target=lambda: results.append(self.json("call", "sleep", "2", timeout=40)))
        caller.start()
        time.sleep(0.7)
        busy = [e for e in self.elements("sed") if self.worker_is_busy(e["pid"])]
        for element in busy[:1]:
            os.kill(element["pid"], signal.SIGKILL)
        caller.join()
        self.assertEqual(results[0]["state"], "done")
        if busy:
            self.assertNotEqual(results[0]["sed"], busy[0]["name"])
            self.assertEqual(results[0]["attempts"], 2)
            self.juxta("start", busy[0]["name"])

    def worker_is_busy(self, sed_pid):
        """The sleeping worker is the child that waits in nanosleep."""
        for task in os.listdir("/proc"):
            if not task.isdigit():
                continue
            try:
                with open(f"/proc/{task}/stat", encoding="utf-8") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
                if parent == sed_pid:
                    with open(f"/proc/{task}/wchan", encoding="utf-8") as file:
                        if "nanosleep" in file.read():
                            return True
            except (OSError, ValueError):
                continue
        return False

    def test_calls_fail_clearly_when_no_server_is_left_and_work_again_after_start(self):
        self.kill("s1")
        self.kill("s2")
        failed = self.fails("call", "echo", "1", timeout=40)
        self.assertIn(failed.error()["code"], ("no_server", "not_found", "peer_unreachable"))
        self.juxta("start", "s1")
        self.juxta("start", "s2")
        self.eventually(lambda: self.works() or True, 5, "calls work again")

    def test_a_call_while_the_master_agent_is_away_waits_for_its_return(self):
        self.kill("MA")
        results = []
        caller = threading.Thread(target=lambda: results.append(self.json("call", "echo", "8", timeout=40)))
        caller.start()
        time.sleep(1)
        self.juxta("start", "MA")
        caller.join()
        self.assertEqual(results[0]["outputs"][0]["value"], 8)


if __name__ == "__main__":
    main()
