"""One signed question a connection, and its signed answer: how the masters and the witness talk.

The one that is asked says a nonce; the question is `MAC nonce words`, with a nonce of the asker's, and the answer
`MAC words`, signed together with both nonces and the question: what was said once is worth nothing a second time. The file of keys has one a line:
the first signs questions, each is accepted, and an answer is signed with the key of its question. So keys change on one
host after the other, and nobody falls silent for it.
"""

import hashlib
import hmac
import queue
import secrets
import socket
import socketserver
import threading
import time
from typing import Callable

import node

ANSWER_S = 3.0  # for a door that is open: it runs one drbdadm, whose disk may be slow
NO_ANSWERS = (None, "hung", "stranger", "shut")
SILENT = f"{node.RUN}/silent"  # when the guard began to listen to a peer that it did not hear
REFUSED_S = 1.0  # a door that is shut may be starting: systemd has it back in 100 ms


def sign(key: bytes, kind: str, nonce: str, words: str) -> str:
    return hmac.new(key, f"{kind} {nonce} {words}".encode(), hashlib.sha256).hexdigest()


def is_same(said: str, right: str) -> bool:
    """Takes as long whatever differs, and takes any text: hmac.compare_digest wants ASCII."""
    return hmac.compare_digest(said.encode(), right.encode())


def ask(host: str, port: int, words: str, key: bytes, silence_s: float, source: str = "") -> str | None:
    """What the door at `host` answers, asked from the address `source`; empty: from any. None: nobody there within `silence_s`. `hung`: open, and no answer within 3 s.

    `stranger`: it does not know the key, or another one answers in its place. `shut`: the host lives and has no door.
    """
    began = time.monotonic()
    while True:
        try:
            connection = socket.create_connection((host, port), silence_s, (source, 0))
            break
        except ConnectionRefusedError:
            if time.monotonic() - began > REFUSED_S:
                return "shut"
            time.sleep(0.05)
        except OSError:
            return None
    with connection, connection.makefile("rb") as lines:
        try:
            connection.settimeout(ANSWER_S)
            nonce = lines.readline(512).decode().strip()
            if not nonce:
                return "shut"
            question = f"{secrets.token_hex(16)} {words}"
            connection.sendall(f"{sign(key, 'Q', nonce, question)} {question}\n".encode())
            mac, _, answer = lines.readline(4096).decode().rstrip("\n").partition(" ")
        except TimeoutError:
            return "hung"
        except ConnectionError:  # the door has died, and its host has said so
            return "shut"
        except UnicodeDecodeError:
            return "stranger"
        except OSError:
            return None
    return answer if is_same(mac, sign(key, "A", f"{nonce} {question}", answer)) else "stranger"


def ask_all(ways: list[tuple[str, str]], port: int, words: str, key: bytes, silence_s: float) -> str | None:
    """Asks one door on all ways to it at once, each an address of ours and its own: the first answer counts, then that it
    lives, then silence."""
    answers: queue.Queue[str | None] = queue.Queue()
    for source, host in ways:
        arguments = (host, port, words, key, silence_s, source)
        threading.Thread(target=lambda a=arguments: answers.put(ask(*a)), daemon=True).start()
    worst = None
    for _ in ways:
        answer = answers.get()
        if answer not in NO_ANSWERS:
            return answer
        worst = answer or worst
    return worst


def hears(pair: dict[str, str], at_once_s: float) -> bool:
    """Whether the peer's door answers at once. It is listened to for as long as silence takes, and that is noted for the
    handler, which comes while DRBD still waits for the peer itself: so the two silences do not add up."""
    answers: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        began = time.monotonic()
        answer = ask_peer(pair, "fit", int(pair["SILENCE_MS"]) / 1000)
        answers.put(answer)
        if answer is None:
            node.put(SILENT, str(began))

    threading.Thread(target=listen, daemon=True).start()
    try:
        return answers.get(timeout=at_once_s) not in NO_ANSWERS
    except queue.Empty:
        return False


def ask_peer(pair: dict[str, str], words: str, silence_s: float) -> str | None:
    """What the other master's door answers over any network; `pair` is fence.conf."""
    ways = list(zip(pair["ADDRESSES"].split(), pair["PEER_ADDRESSES"].split(), strict=True))
    return ask_all(ways, int(pair["PORT"]), words, node.keys(node.KEYS)[0], silence_s)


def ask_witness(pair: dict[str, str], words: str, silence_s: float) -> str | None:
    """The same of the witness's door. Not from the virtual address, which it does not let in: where that has a narrower
    network than the interface, as while the prefix changes, the kernel would take it."""
    key, source = node.keys(node.WITNESS_KEYS)[0], pair["ADDRESSES"].split()[-1]
    return ask(pair["WITNESS"], int(pair["WITNESS_PORT"]), words, key, silence_s, source)


def serve(address: str, port: int, key_file: str, answer: Callable[[list[str]], str]) -> None:
    """Answers for ever; an error of one question is the answer `error`, and is in the journal."""

    class Door(socketserver.StreamRequestHandler):
        timeout = 2

        def handle(self) -> None:
            nonce = secrets.token_hex(16)
            try:
                self.wfile.write(f"{nonce}\n".encode())
                mac, _, question = self.rfile.readline(512).decode().rstrip("\n").partition(" ")
            except (OSError, UnicodeDecodeError):
                return
            key = next((k for k in node.keys(key_file) if is_same(mac, sign(k, "Q", nonce, question))), None)
            if key is None:
                print(f"a question of {self.client_address[0]} has no key of ours", flush=True)
                return
            words = question.split()[1:]
            try:
                said = answer(words)
            except Exception as error:
                print(f"'{' '.join(words)}' of {self.client_address[0]}: {error}", flush=True)
                said = "error"
            try:
                self.wfile.write(f"{sign(key, 'A', f'{nonce} {question}', said)} {said}\n".encode())
            except OSError:
                pass  # the asker has gone

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server((address, port), Door) as server:
        server.serve_forever()
