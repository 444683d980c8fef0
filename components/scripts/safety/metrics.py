"""The guard's view of this node as Prometheus text: /run/ha-nfs/metrics.prom, and where Debian's node exporter has its
directory for such files, there too."""

import os
import re

import node

EXPORTER = "/var/lib/prometheus/node-exporter"

HELP = {
    "serving": "1 while the service runs here and acknowledges writes.",
    "frozen": "1 while writes wait for a proof that the peer is not serving.",
    "wanted": "1 while the cluster manager wants the service here.",
    "fit": "1 if this node could take the service over.",
    "connected": "1 while DRBD is connected to the peer.",
    "disk_up_to_date": "1 while this node's data are the newest.",
    "peer_disk_up_to_date": "1 while the peer's data are known to be the newest.",
    "out_of_sync_bytes": "What one disk lacks of the other's data.",
    "split_brain": "1 while both masters have writes that the other lacks.",
    "findings": "Number of things that a person should know: npm run status.",
    "repairs_total": "Repairs in place since the guard started.",
    "moves_total": "Times that the guard has handed the service over, since it started.",
    "verified_timestamp_seconds": "When the disks were last compared; 0 if never.",
    "verify_differing_bytes": "What that comparison found to differ.",
}


def last_comparison() -> tuple[int, int]:
    """When compare-disks last ended, seconds since 1970, and how many KiB differed."""
    found = re.fullmatch(r"(\d+) (\d+)", node.read(f"{node.LIB}/verified"))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def text(volume: str, values: dict[str, float]) -> str:
    lines = []
    for name, value in values.items():
        kind = "counter" if name.endswith("_total") else "gauge"
        lines += [f"# HELP ha_nfs_{name} {HELP[name]}", f"# TYPE ha_nfs_{name} {kind}"]
        lines.append(f'ha_nfs_{name}{{volume="{volume}"}} {int(value)}')
    return "\n".join(lines) + "\n"


def write(volume: str, here: node.Drbd, **guards: float) -> None:
    """What the guard knows, and DRBD's state."""
    values = {
        **guards,
        "frozen": here.frozen,
        "connected": not here.is_away,
        "disk_up_to_date": here.disk == "UpToDate",
        "peer_disk_up_to_date": here.peer_disk == "UpToDate",
        "out_of_sync_bytes": here.out_of_sync * 1024,
    }
    for directory, name in ((node.RUN, "metrics.prom"), (EXPORTER, "ha-nfs.prom")):
        if os.path.isdir(directory):
            with open(f"{directory}/{name}.new", "w") as file:
                file.write(text(volume, values))
            os.rename(f"{directory}/{name}.new", f"{directory}/{name}")
