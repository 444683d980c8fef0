"""EC2 as a node needs it within a failover: the Query API through curl, which signs. No SDK and no CLI: to import one takes
longer than the takeover. Settings in /etc/ha-nfs/aws.conf: REGION, EC2_URL, IMDS_URL, INSTANCES, ENI, TABLES (render/aws.ts).
"""

import json
import random
import re
import subprocess
import sys
import time
from typing import Callable, TypeVar
from urllib.parse import urlencode
from xml.etree import ElementTree

import node

VERSION = "2016-11-15"
CREDENTIALS = f"{node.RUN}/aws-credentials"  # as the metadata service gives them; root's alone
LIMIT_S = 2  # of one call
PAUSES_S = (0.1, 1.0)  # between two tries, each longer than the one before
# Client errors that pass (EC2's list of error codes); those of the server, 5xx, do too.
PASSES = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "EC2ThrottledException", "ResourceCountExceeded")
STALE = ("AuthFailure", "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId")

Result = TypeVar("Result")


class Refused(Exception):
    """EC2 has said no; `code` is its own."""

    def __init__(self, action: str, code: str, message: str) -> None:
        super().__init__(f"{action}: {code}: {message}")
        self.code = code


class NoAnswer(Exception):
    """Silence, or something that is no answer."""


def curl(options: dict[str, str], *flags: str) -> str:
    """What it has got. All options go in on stdin, for some are secret."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(LIMIT_S), *flags, "--config", "-"]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True)
    if done.returncode != 0:
        raise NoAnswer(done.stderr.strip() or f"curl has ended with {done.returncode}")
    return done.stdout


def refresh(settings: dict[str, str]) -> None:
    """Fetches the instance role's credentials by IMDSv2."""
    url = f"{settings['IMDS_URL']}/latest"
    token = curl({"url": f"{url}/api/token", "request": "PUT", "header": "X-aws-ec2-metadata-token-ttl-seconds: 60"}, "--fail")
    header = f"X-aws-ec2-metadata-token: {token.strip()}"
    roles = f"{url}/meta-data/iam/security-credentials"
    role = curl({"url": f"{roles}/", "header": header}, "--fail").strip()
    found = json.loads(curl({"url": f"{roles}/{role}", "header": header}, "--fail"))
    node.write(CREDENTIALS, json.dumps({key: found[key] for key in ("AccessKeyId", "SecretAccessKey", "Token")}), 0o600)


def call(settings: dict[str, str], action: str, **parameters: str) -> ElementTree.Element:
    """One call. Names as EC2 has them, a list's with `_` for the dot: InstanceId_1."""
    known = json.loads(node.read(CREDENTIALS, "{}"))
    if not known:
        raise Refused(action, "AuthFailure", "there are no credentials yet")
    fields = {name.replace("_", "."): value for name, value in parameters.items()}
    text = curl(
        {
            "url": settings["EC2_URL"],
            "aws-sigv4": f"aws:amz:{settings['REGION']}:ec2",
            "user": f"{known['AccessKeyId']}:{known['SecretAccessKey']}",
            "header": f"x-amz-security-token: {known['Token']}",
            "data": urlencode({"Action": action, "Version": VERSION, **fields}),
        }
    )
    try:
        answer = ElementTree.fromstring(re.sub(r'\sxmlns="[^"]*"', "", text))
    except ElementTree.ParseError:
        raise NoAnswer(f"{action}: {text[:100]!r} is no answer") from None
    error = answer.find(".//Error")
    if error is not None:
        raise Refused(action, error.findtext("Code", ""), error.findtext("Message", ""))
    return answer


def insist(settings: dict[str, str], limit_s: float, attempt: Callable[[], Result]) -> Result:
    """Tries until it is done, has been refused for good, or the time is over: what passes is tried again, ever later, and
    stale credentials are fetched anew."""
    deadline = time.monotonic() + limit_s
    pause_s = PAUSES_S[0]
    while True:
        try:
            return attempt()
        except (NoAnswer, Refused) as error:
            code = getattr(error, "code", None)
            if code in STALE:
                try:
                    refresh(settings)
                except (NoAnswer, ValueError, KeyError, OSError) as why:
                    print(f"the credentials: {why}", file=sys.stderr)
            elif not (code is None or code in PASSES or code.startswith(("Internal", "Unavailable", "ServiceUnavailable"))):
                raise
            if time.monotonic() + pause_s > deadline:
                raise
            time.sleep(pause_s * random.uniform(0.5, 1))
            pause_s = min(2 * pause_s, PAUSES_S[1])
