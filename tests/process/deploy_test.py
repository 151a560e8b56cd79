"""Platforms as their users make, mend and end them, with the real daemons."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from platform_under_test import BIN, main

XML = """<platform name="p" xmlns="urn:juxta:platform:1">
  <host name="h1"/>
  <host name="h2"/>
  <cluster name="c1">
    <manager name="m1" host="h1"/>
    <provider name="p1" host="h1" memory="64MiB"/>
  </cluster>
  <master_agent name="MA" host="h1" port="{port}">
    <sed name="s0" host="h2"><module path="{module}"/></sed>
    <local_agent name="LA1" host="h1">
      <local_agent name="LA2" host="h1">
        <sed name="s1" host="h1" cluster="c1" slots="2"><module path="testing"/></sed>
      </local_agent>
    </local_agent>
  </master_agent>
</platform>
"""


def processes_below(folder):
    """Those whose arguments or environment name the folder, and that have not ended."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read()
            with open(f"/proc/{pid}/environ", "rb") as file:
                words += file.read()
        except OSError:
            continue
        if folder.encode() + b"/state/platforms" in words:
            found.append(int(pid))
    return found


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Deployment(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="juxta-deploy-")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("JUXTA_")}
        self.env["JUXTA_STATE_DIR"] = os.path.join(self.folder, "state")
        self.platforms = os.path.join(self.folder, "state", "platforms")

    def tearDown(self):
        for name in os.listdir(self.platforms) if os.path.isdir(self.platforms) else ():
            self.run_juxta("down", "--purge", "--platform", name)
        left = processes_below(self.folder)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.assertEqual(left, [])

    def run_juxta(self, *words):
        return subprocess.run([os.path.join(BIN, "juxta"), *map(str, words)], env=self.env, cwd=self.folder,
                              capture_output=True, text=True, timeout=90, check=False)

    def json(self, *words):
        done = self.run_juxta(*words, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def refusal(self, *words):
        done = self.run_juxta(*words)
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        return done.stderr

    def descriptor(self, port=0, module="testing", edit=lambda text: text):
        text = XML.format(port=port, module=module).replace(' port="0"', "")
        path = os.path.join(self.folder, "p.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(edit(text))
        return path

    def states(self):
        return {e["name"]: e["state"] for e in self.json("status")["elements"]}

    def test_a_descriptor_is_deployed_and_ended_without_remains(self):
        before = set(os.listdir("/tmp"))
        told = self.json("deploy", self.descriptor())
        self.assertEqual(told["platform"], "p")
        names = {e["name"]: e for e in told["elements"]}
        self.assertEqual(set(names), {"MA", "LA1", "LA2", "s0", "s1", "m1", "p1", "cache-h2"})
        self.assertEqual({e["state"] for e in told["elements"]}, {"up"})
        self.assertEqual((names["s1"]["parent"], names["s0"]["parent"], names["LA2"]["parent"]), ("LA2", "MA", "LA1"))
        self.assertEqual((names["cache-h2"]["kind"], names["cache-h2"]["host"]), ("provider", "h2"))
        self.assertEqual(len({e["pid"] for e in told["elements"]}), 8)
        for element in told["elements"]:
            with open(f"/proc/{element['pid']}/cmdline", encoding="utf-8") as file:
                self.assertEqual(file.read().rstrip("\0").split("\0"), element["argv"])
        self.assertEqual(self.json("down"), {"platform": "p", "purged": False})
        left = [e["name"] for e in told["elements"] if os.path.exists(f"/proc/{e['pid']}")]
        self.assertEqual(left, [], "not even an entry of the process table")
        self.assertEqual(processes_below(self.folder), [])
        self.assertFalse(os.path.exists(os.path.join(self.platforms, "p", "client.conf")))
        left = {name for name in set(os.listdir("/tmp")) - before if name.startswith("juxta-" + str(os.getuid()))}
        self.assertEqual(left, set())

    def test_ports_are_kept_and_incarnations_grow_over_restarts(self):
        first = {e["name"]: e for e in self.json("up", "--providers", 1, "--seds", 1)["elements"]}
        self.json("down")
        second = {e["name"]: e for e in self.json("up", "--providers", 1, "--seds", 1)["elements"]}
        for name, element in first.items():
            self.assertEqual(second[name]["port"], element["port"], name)
            self.assertGreater(second[name]["incarnation"], element["incarnation"], name)

    def test_up_again_starts_only_what_is_down(self):
        first = {e["name"]: e for e in self.json("up", "--providers", 2)["elements"]}
        os.kill(first["s1"]["pid"], signal.SIGKILL)
        end = time.time() + 5
        while self.states()["s1"] != "down" and time.time() < end:
            time.sleep(0.05)
        second = {e["name"]: e for e in self.json("up", "--providers", 2)["elements"]}
        for name, element in first.items():
            self.assertEqual(second[name]["pid"] == element["pid"], name != "s1", name)
        self.assertIn("juxta down", self.refusal("up", "--providers", 3))

    def test_a_frozen_element_is_down_within_its_second_and_everything_ends(self):
        elements = {e["name"]: e for e in self.json("up", "--providers", 1, "--seds", 1)["elements"]}
        os.kill(elements["p1"]["pid"], signal.SIGSTOP)
        began = time.time()
        self.assertEqual(self.states()["p1"], "down")
        self.assertLess(time.time() - began, 2)
        self.assertIn("running already", self.refusal("start", "p1"))
        self.json("down")
        self.assertEqual(processes_below(self.folder), [])

    def test_stop_and_start(self):
        self.json("up", "--providers", 2, "--seds", 2)
        self.assertEqual(self.json("stop", "s2")["state"], "down")
        self.assertIn("is not running", self.refusal("stop", "s2"))
        started = self.json("start", "s2")
        self.assertEqual((started["state"], started["name"]), ("up", "s2"))
        self.assertIn("no element 'x'", self.refusal("start", "x"))

    def test_two_ups_at_once_make_one_platform(self):
        words = [os.path.join(BIN, "juxta"), "up", "--providers", "1", "--seds", "1", "--json"]
        both = [subprocess.Popen(words, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for _ in range(2)]
        told = [json.loads(one.communicate(timeout=60)[0]) for one in both]
        self.assertEqual(*[[e["pid"] for e in one["elements"]] for one in told])

    def test_several_platforms_run_beside_each_other(self):
        for name in ("a", "b"):
            self.json("up", "--name", name, "--providers", 1, "--seds", 1)
        self.assertEqual(self.json("status")["platform"], "b")
        self.assertEqual(self.json("status", "--platform", "a")["platform"], "a")
        self.json("down", "--platform", "b", "--purge")
        config = os.path.join(self.platforms, "a", "client.conf")
        self.assertEqual(self.json("status", "--platform", config)["platform"], "a")
        self.assertEqual({e["state"] for e in self.json("status", "--platform", "a")["elements"]}, {"up"})

    def test_a_port_in_use_is_named_and_nothing_is_started(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            refusal = self.refusal("deploy", self.descriptor(port=port))
        self.assertIn(f"MA cannot listen on port {port}", refusal)
        self.assertEqual(processes_below(self.folder), [])

    def test_a_module_that_does_not_load_fails_the_deployment(self):
        refusal = self.refusal("deploy", self.descriptor(module="no_such_module"))
        self.assertIn("s0 (sed on host h2)", refusal)
        self.assertIn("no_such_module", refusal)
        self.assertEqual(processes_below(self.folder), [])
        self.assertFalse(os.path.exists(os.path.join(self.platforms, "p", "client.conf")))

    def test_bad_descriptors_are_refused_in_one_line_with_line_and_column(self):
        for edit, says in ((lambda t: t.replace('memory="64MiB"', 'memory="much"'), "p.xml:6:"),
                           (lambda t: t.replace("</local_agent>", ""), "p.xml:"),
                           (lambda t: '<!DOCTYPE p [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + t, "p.xml:1:1:"),
                           (lambda t: t.replace('"s0"', '"$(touch pwned)"'), "p.xml:9:")):
            path = self.descriptor(edit=edit)
            for verb in ("validate", "deploy"):
                self.assertIn(says, self.refusal(verb, path))
        self.assertIn("nowhere.xml", self.refusal("validate", "nowhere.xml"))
        self.assertEqual([f for f in os.listdir(self.folder) if f == "pwned"], [])
        self.assertIn("at most 9", self.refusal("up", "--managers", 10))

    @unittest.skipUnless(shutil.which("omniNames"), "omniNames is not installed")
    def test_elements_are_bound_at_a_configured_name_service(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        names = subprocess.Popen(["omniNames", "-start", str(port), "-datadir", self.folder, "-ignoreport",
                                  "-errlog", os.path.join(self.folder, "names.err"),
                                  "-ORBendPoint", f"giop:tcp:127.0.0.1:{port}"])
        try:
            end = time.time() + 10
            while not listens(port) and time.time() < end:
                time.sleep(0.02)
            service = f'name="p" name_service="corbaloc:iiop:127.0.0.1:{port}/NameService"'
            elements = self.json("deploy", self.descriptor(edit=lambda t: t.replace('name="p"', service, 1)))["elements"]
            kinds = {"ma": "agent", "la": "agent"}
            wanted = {f" {e['name']} {kinds.get(e['kind'], e['kind'])} nobject IOR:" for e in elements}
            end = time.time() + 5
            while wanted and time.time() < end:  # its journal is the one thing to read without a client
                journal = ""
                for name in os.listdir(self.folder):
                    if name.startswith("omninames-"):
                        with open(os.path.join(self.folder, name), encoding="latin-1") as file:
                            journal += file.read()
                wanted = {text for text in wanted if text not in journal}
                time.sleep(0.05)
            self.assertEqual(wanted, set())
            self.json("down", "--purge")
        finally:
            names.kill()
            names.wait()

    def test_a_name_service_that_is_away_hinders_nothing(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            service = f'name="p" name_service="corbaloc:iiop:127.0.0.1:{unused.getsockname()[1]}/NameService"'
            elements = self.json("deploy", self.descriptor(edit=lambda t: t.replace('name="p"', service, 1)))["elements"]
        self.assertEqual({e["state"] for e in elements}, {"up"})

    def test_without_a_platform_every_verb_says_so(self):
        for words in (("status",), ("down",), ("start", "p1"), ("stop", "p1")):
            self.assertIn("there is no platform 'default'", self.refusal(*words))


if __name__ == "__main__":
    main()
