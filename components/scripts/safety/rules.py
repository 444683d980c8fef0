"""Who of the pair may hold the data alone, as pure rules: what the handler, the door, the witness and the boot decide.

test/safety/model.py tries every interleaving of these rules under every combination of some faults.
"""

from typing import Callable, NamedTuple

# Exit codes of DRBD's fence-peer handler (the kernel's include/linux/drbd.h). Never 5: it marks the peer as outdated
# without any proof.
NO_PROOF, PEER_INCONSISTENT, PEER_OUTDATED, SELF_OUTDATED, PEER_OFF = 1, 3, 4, 6, 7


NO_DISK = ("Diskless", "Attaching", "Failed", "Negotiating")  # DRBD is up, and cannot say of which generation its data were


class Generations(NamedTuple):
    """DRBD's identifiers of a node's data, newest first; 0 where there is none."""

    current: int
    bitmap: int
    history: tuple[int, ...] = ()


def base(generation: int) -> int:
    """The generation itself: DRBD keeps `is primary` in the lowest bit."""
    return generation & ~1


def relation(mine: Generations, theirs: Generations) -> str:
    """What my data are beside the peer's: `same`, `older`, `newer` or `diverged`."""
    current = base(mine.current)
    if current == base(theirs.current):
        return "same"
    if base(theirs.current) in map(base, (mine.bitmap, *mine.history)):
        return "newer"
    # An asker that has gone on alone names my generation in its bitmap slot; one that has resynced since, in its history.
    return "older" if current in map(base, (theirs.bitmap, *theirs.history)) else "diverged"


def outdate(role: str, disk: str, mine: Generations, asker: Generations) -> str:
    """What the door says to a peer that wants this node's data outdated; `obey` is to do it.

    A node obeys only to data that are as new as its own, so a stale node never outdates a newer one.
    """
    if disk in NO_DISK:
        return "error" if role == "Primary" else "diskless"
    if disk == "Inconsistent":
        return "inconsistent"
    kin = relation(mine, asker)
    if kin in ("newer", "diverged"):
        return kin
    if role == "Primary":
        return "primary"
    return "outdated" if disk == "Outdated" else "obey"


def claim(holder: str, node: str) -> bool:
    """Whether the witness lets `node` go on without its peer. `holder` is who did last, or `both`.

    A compare-and-set: no clock, no lease. What is granted stays so until the holder says that both are equal again.
    """
    return holder in ("both", node)


class Means(NamedTuple):
    """What a node has at hand to prove that its peer can acknowledge nothing. Each is asked once and in this order."""

    ask_peer: Callable[[], str | None]
    """What the peer's door says over any network. None: silence. `hung`, `error`: it lives, and could not obey."""
    claim: Callable[[], str | None] | None
    """`granted` or `denied` by the witness, None for silence. None itself: there is no witness."""
    shoot: Callable[[], bool] | None
    """Cuts the peer's power; true once it is confirmed to be off. None itself: there is no fence device."""
    is_away: Callable[[], bool]
    """Whether DRBD still has no connection to the peer."""
    depose: Callable[[str], None]
    """Reboots this node at once, with the reason: its I/O is frozen, and must not thaw."""
    told: bool = False
    """A person has said that the peer is off, and that this node's data are to be served whatever the peer had."""


def fence(role: str, disk: str, means: Means) -> int:
    """The exit code of the fence-peer handler of a node in `role` with `disk`."""
    primary = role == "Primary"
    if disk not in ("UpToDate", "Consistent"):
        return NO_PROOF
    answer = means.ask_peer()
    if answer == "outdated":
        return PEER_OUTDATED
    if answer == "inconsistent":  # without the peer's record a Consistent node does not know what it is itself
        return PEER_INCONSISTENT if disk == "UpToDate" else NO_PROOF
    if answer == "primary":
        return NO_PROOF if primary else SELF_OUTDATED
    if answer == "newer":
        if primary:
            means.depose("the peer has taken over")
            return NO_PROOF
        return SELF_OUTDATED
    # A peer that lives and does not agree is not shot; but for one that cannot even outdate itself while we serve.
    if answer is not None and not (primary and answer in ("hung", "error", "diskless")):
        return NO_PROOF
    # Just booted, so the peer may have gone on by its device, or by a person's word that the witness has not heard yet:
    # power that is off does not make old data new.
    if disk == "Consistent" and means.shoot and not means.told:
        return NO_PROOF
    granted = False
    if means.claim:
        said = means.claim()
        if said == "denied" and not means.told:
            if primary:
                means.depose("the witness has granted the peer")
                return NO_PROOF
            return SELF_OUTDATED
        granted = said == "granted"
        # The peer may have gone on by the grant alone, its own device being broken: to switch it off then would lose what
        # it has acknowledged.
        if not (granted or means.told):
            return NO_PROOF
    if not means.is_away():
        return NO_PROOF
    # It acknowledges nothing without a disk. With one, after a boot, it needs its peer, or the witness, which is ours.
    if answer == "diskless" and (granted or not means.claim):
        return PEER_INCONSISTENT
    if means.shoot and means.shoot():
        return PEER_OFF
    return PEER_OFF if granted or means.told else NO_PROOF


def joins(connection: str, disk: str, witness: bool, device: bool, told: bool, foreign: bool = False) -> bool:
    """Whether a node takes part in the cluster after a boot, with DRBD in this state.

    UpToDate without a peer is DRBD's own word that the peer is on record as outdated (drbd_nl.c, attach), and DRBD then asks
    no handler. The record may be old: a person may have had the peer serve since, which the witness then knows (`foreign`).
    Where only a witness proves who went on alone, the handler asks it at the promote.
    """
    met = connection in ("Connected", "SyncSource", "SyncTarget", "PausedSyncS", "PausedSyncT", "VerifyS", "VerifyT")
    return met or (disk == "UpToDate" and not foreign) or told or (disk == "Consistent" and witness and not device)
