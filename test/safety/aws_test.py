"""What a node asks of EC2: with an EC2 and a metadata service that answer what they are told to."""

import importlib.machinery
import importlib.util
import io
import json
import os
import re
import sys
import tempfile
import threading
import time
import unittest
from contextlib import redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

DIRECTORY = Path(tempfile.mkdtemp())
os.environ.update(HA_NFS_ETC=str(DIRECTORY), HA_NFS_RUN=str(DIRECTORY))
SCRIPTS = Path(__file__).parents[2] / "components/scripts"
os.environ["HA_NFS_CODE"] = str(SCRIPTS / "safety")
sys.path[:0] = [str(SCRIPTS / "safety"), str(SCRIPTS / "aws")]
import ec2
import node

ME = os.uname().nodename


def program(name: str):
    loader = importlib.machinery.SourceFileLoader(name, str(SCRIPTS / "aws" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


claim, fence = program("claim-address"), program("fence-ec2")


def xml(body: str) -> str:
    return f'<Answer xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{body}</Answer>'


def error(code: str) -> str:
    return f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"


def route(eni: str) -> str:
    return xml(
        "<routeTableSet><item><routeSet><item><destinationCidrBlock>10.99.0.10/32</destinationCidrBlock>"
        f"<networkInterfaceId>{eni}</networkInterfaceId></item></routeSet></item></routeTableSet>"
    )


def instances(**states: str) -> str:
    items = (
        f"<item><instanceId>{id.replace('_', '-')}</instanceId><instanceState><name>{state}</name></instanceState></item>"
        for id, state in states.items()
    )
    return xml(f"<reservationSet><item><instancesSet>{''.join(items)}</instancesSet></item></reservationSet>")


class Answers(BaseHTTPRequestHandler):
    """EC2: of each action what it answers, one after the other, the last one for ever; a number is a pause first."""

    script: dict[str, list] = {}
    asked: list[dict[str, str]] = []
    keys: list[str] = []
    role_key = "AK2"

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {name: values[0] for name, values in parse_qs(text).items()}
        self.asked.append(asked)
        self.keys.append(re.search(r"Credential=(\w+)/\d+/eu-central-1/ec2", self.headers["Authorization"])[1])
        answers = self.script[asked["Action"]]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, (int, float)):
            time.sleep(answer)
            return
        self.reply(answer)

    def do_PUT(self) -> None:
        self.reply("token")

    def do_GET(self) -> None:
        if self.headers["X-aws-ec2-metadata-token"] != "token":
            self.send_error(401)
        elif self.path.endswith("/security-credentials/"):
            self.reply("role")
        else:
            self.reply(json.dumps({"AccessKeyId": self.role_key, "SecretAccessKey": "SK", "Token": "T", "Code": "Success"}))

    def reply(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


class WithEc2(unittest.TestCase):
    def setUp(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.configure(url, "route-table")
        Answers.script, Answers.asked, Answers.keys = {}, [], []
        (DIRECTORY / "aws-credentials").write_text('{"AccessKeyId": "AK1", "SecretAccessKey": "SK", "Token": "T"}')
        ec2.LIMIT_S, ec2.PAUSES_S = 1, (0.01, 0.05)
        claim.LIMIT_S = fence.LIMIT_S = 3
        fence.POLL_S = 0.02
        self.said = io.StringIO()

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def configure(self, url: str, mode: str) -> None:
        settings = {"REGION": "eu-central-1", "EC2_URL": url, "IMDS_URL": url, "MODE": mode, "ENI": "eni-1", "TABLES": "'rtb-1 rtb-2'"}
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (DIRECTORY / "aws.conf").write_text("".join(lines) + f"INSTANCES='{ME}=i-1 m2=i-2'\n")

    def run_program(self, main, *args) -> int:
        with redirect_stderr(self.said), redirect_stdout(self.said):
            return main(*args)

    def count(self, action: str) -> int:
        return sum(asked["Action"] == action for asked in Answers.asked)


class Claim(WithEc2):
    def claim(self) -> int:
        return self.run_program(claim.main, ["10.99.0.10"])

    def test_in_every_table_and_then_looks(self):
        Answers.script = {"ReplaceRoute": [xml("<return>true</return>")], "DescribeRouteTables": [route("eni-1")]}
        self.assertEqual(self.claim(), 0)
        changed = [asked for asked in Answers.asked if asked["Action"] == "ReplaceRoute"]
        self.assertEqual(sorted(asked["RouteTableId"] for asked in changed), ["rtb-1", "rtb-2"])
        self.assertEqual({asked["DestinationCidrBlock"] for asked in changed}, {"10.99.0.10/32"})
        self.assertEqual({asked["NetworkInterfaceId"] for asked in changed}, {"eni-1"})

    def test_makes_a_route_that_is_not_there(self):
        Answers.script = {
            "ReplaceRoute": [error("InvalidParameterValue")],
            "CreateRoute": [xml("<return>true</return>")],
            "DescribeRouteTables": [route("eni-1")],
        }
        self.assertEqual(self.claim(), 0)
        self.assertEqual(self.count("CreateRoute"), 2)

    def test_is_not_done_before_ec2_describes_it_so(self):
        Answers.script = {"ReplaceRoute": [xml("")], "DescribeRouteTables": [route("eni-2")]}
        claim.LIMIT_S = 0.3
        self.assertEqual(self.claim(), 1)
        self.assertIn("rtb-1 leads 10.99.0.10 to eni-2", self.said.getvalue())

    def test_outlives_throttling_a_hung_call_and_a_broken_answer(self):
        Answers.script = {
            "ReplaceRoute": [error("RequestLimitExceeded"), 1.5, "<html>", error("InternalError"), xml("")],
            "DescribeRouteTables": [route("eni-1")],
        }
        claim.LIMIT_S = 10
        self.assertEqual(self.claim(), 0)

    def test_gives_up_at_once_where_it_has_no_right_to(self):
        for code in ("UnauthorizedOperation", "AccessDenied"):
            Answers.script = {"ReplaceRoute": [error(code)]}
            claim.LIMIT_S = 60
            self.assertEqual(self.claim(), 1)
            self.assertIn(f"ReplaceRoute: {code}: no", self.said.getvalue())

    def test_fetches_credentials_that_have_expired_in_the_middle(self):
        Answers.script = {
            "ReplaceRoute": [error("RequestExpired"), xml("")],
            "DescribeRouteTables": [route("eni-1")],
        }
        self.assertEqual(self.claim(), 0)
        self.assertEqual(Answers.keys[0], "AK1")
        self.assertEqual(Answers.keys[-1], "AK2")
        self.assertEqual((DIRECTORY / "aws-credentials").stat().st_mode & 0o777, 0o600)

    def test_and_those_that_are_not_there(self):
        (DIRECTORY / "aws-credentials").unlink()
        Answers.script = {"ReplaceRoute": [xml("")], "DescribeRouteTables": [route("eni-1")]}
        self.assertEqual(self.claim(), 0)
        self.assertEqual(set(Answers.keys), {"AK2"})

    def test_as_a_secondary_address(self):
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.configure(url, "secondary-ip")
        there = "<privateIpAddressesSet><item><privateIpAddress>10.99.0.10</privateIpAddress></item></privateIpAddressesSet>"
        Answers.script = {
            "AssignPrivateIpAddresses": [xml("")],
            "DescribeNetworkInterfaces": [xml(f"<networkInterfaceSet><item>{there}</item></networkInterfaceSet>")],
        }
        self.assertEqual(self.claim(), 0)
        self.assertEqual(Answers.asked[0]["AllowReassignment"], "true")

    def test_no_secret_stands_in_a_list_of_processes(self):
        seen = DIRECTORY / "arguments"
        (DIRECTORY / "curl").write_text(f'#!/bin/bash\nprintf "%s\\n" "$*" >>{seen}\nexec /usr/bin/curl "$@"\n')
        (DIRECTORY / "curl").chmod(0o755)
        before = os.environ["PATH"]
        os.environ["PATH"] = f"{DIRECTORY}:{before}"
        self.addCleanup(os.environ.update, PATH=before)
        (DIRECTORY / "aws-credentials").write_text('{"AccessKeyId": "AK1", "SecretAccessKey": "hush", "Token": "hush"}')
        Answers.script = {"ReplaceRoute": [xml("")], "DescribeRouteTables": [route("eni-1")]}
        self.assertEqual(self.claim(), 0)
        self.assertNotRegex(seen.read_text(), "hush|AK1")


class Fence(WithEc2):
    def fence(self, verb: str) -> int:
        return self.run_program(fence.main, verb, "m2")

    def test_is_off_once_ec2_says_that_it_is_stopped(self):
        Answers.script = {
            "DescribeInstances": [
                instances(i_1="running", i_2="running"),
                instances(i_2="stopping"),
                instances(i_2="stopped"),
            ],
            "StopInstances": [xml("")],
        }
        self.assertEqual(self.fence("off"), 0)
        stop = next(asked for asked in Answers.asked if asked["Action"] == "StopInstances")
        self.assertEqual((stop["InstanceId.1"], stop["Force"], stop["SkipOsShutdown"]), ("i-2", "true", "true"))
        self.assertEqual(self.count("DescribeInstances"), 3)

    def test_is_not_off_while_it_is_stopping(self):
        Answers.script = {"DescribeInstances": [instances(i_1="running", i_2="stopping")], "StopInstances": [xml("")]}
        fence.LIMIT_S = 0.2
        self.assertEqual(self.fence("off"), 1)
        self.assertIn("i-2 is still stopping", self.said.getvalue())

    def test_a_node_that_is_being_stopped_itself_stops_nobody(self):
        Answers.script = {"DescribeInstances": [instances(i_1="stopping", i_2="running")]}
        self.assertEqual(self.fence("off"), 1)
        self.assertEqual(self.count("StopInstances"), 0)

    def test_one_that_is_gone_needs_no_shot_but_what_is_described_as_stopped_may_have_started(self):
        Answers.script = {"DescribeInstances": [instances(i_1="running", i_2="terminated")]}
        self.assertEqual(self.fence("off"), 0)
        self.assertEqual(self.count("StopInstances"), 0)
        Answers.script = {"DescribeInstances": [instances(i_1="running", i_2="stopped")], "StopInstances": [xml("")]}
        self.assertEqual(self.fence("off"), 0)
        self.assertEqual(self.count("StopInstances"), 1)

    def test_an_instance_that_is_not_told_is_no_proof(self):
        Answers.script = {"DescribeInstances": [instances(i_1="running")], "StopInstances": [xml("")]}
        fence.LIMIT_S = 0.2
        self.assertEqual(self.fence("off"), 1)

    def test_a_refusal_is_no_proof(self):
        Answers.script = {
            "DescribeInstances": [instances(i_1="running", i_2="running")],
            "StopInstances": [error("UnauthorizedOperation")],
        }
        self.assertEqual(self.fence("off"), 1)
        self.assertIn("StopInstances: UnauthorizedOperation", self.said.getvalue())

    def test_status(self):
        for state, said, code in (("running", "on", 0), ("pending", "on", 0), ("stopped", "off", 0), ("stopping", "is stopping", 1)):
            Answers.script = {"DescribeInstances": [instances(i_2=state)]}
            self.said = io.StringIO()
            self.assertEqual(self.fence("status"), code)
            self.assertIn(said, self.said.getvalue())

    def test_on(self):
        Answers.script = {"StartInstances": [error("IncorrectInstanceState"), xml("")]}
        self.assertEqual(self.fence("on"), 1)
        self.assertEqual(self.fence("on"), 0)


if __name__ == "__main__":
    unittest.main()
