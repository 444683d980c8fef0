#!/usr/bin/python3
"""Brings the rsync that a master has asked for into the sandbox that systemd runs it in.

The login hands its own input and output over, so that nobody has to copy what goes through them.

rsync-door knock SOCKET COMMAND  as the login: asks the service for the command, and waits until that has ended
rsync-door open ROOT             as the service, the connection being its input: runs what rrsync allows below ROOT
"""

import os
import socket
import sys

STANDARD = (0, 1, 2)


def knock(address: str, command: str) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(address)
        socket.send_fds(door, [os.fsencode(command)], STANDARD)
        door.recv(1)


def answer(root: str) -> None:
    door = socket.socket(fileno=os.dup(0))
    command, files, _, _ = socket.recv_fds(door, 65536, len(STANDARD))
    if len(files) != len(STANDARD):
        sys.exit("rsync-door: no command and three files, but " + repr((command, files)))
    for standard, file in zip(STANDARD, files):
        os.dup2(file, standard)
    os.set_inheritable(door.fileno(), True)  # its end tells the login that rsync has ended
    os.makedirs(root + "/.ha-nfs/rsync", exist_ok=True)  # rsync's files before they are whole: see special.ts
    os.environ["SSH_ORIGINAL_COMMAND"] = os.fsdecode(command)
    os.execvp("rrsync", ["rrsync", "-wo", root])


{"knock": knock, "open": answer}[sys.argv[1]](*sys.argv[2:])
