/** What drbdadm does here: notes the call, and changes the file that stands for /proc/drbd as the kernel would. */
export const DRBDADM = `#!/bin/bash
printf '%s\\n' "$*" >>"$STUB/calls"
proc=$(<"$STUB/drbd")
case $1 in
get-gi)
	[[ $proc != *ds:Diskless* ]] || exit 10
	sed 's/$/:1:1:0:1:0:0/' "$STUB/generations"
	;;
connect) sed -i 's/cs:StandAlone/cs:WFConnection/' "$STUB/drbd" ;;
disconnect) sed -i 's/cs:[A-Za-z]*/cs:StandAlone/' "$STUB/drbd" ;;
outdate)
	[[ ! -e $STUB/slow ]] || sleep "$(<"$STUB/slow")"
	[[ ! -e $STUB/lies ]] || exit 0
	case $proc in
	*cs:Connected*) exit 0 ;; # so does the kernel's, and nothing is outdated
	*ro:Primary*) exit 17 ;;
	*ds:Inconsistent*) exit 5 ;;
	*) sed -i 's/ds:[A-Za-z]*/ds:Outdated/' "$STUB/drbd" ;;
	esac
	;;
esac
`;

/** The fence device: \`off\` notes a shot. A file named as what is wrong with it makes it so. */
export const DEVICE = `#!/bin/bash
if [[ -e $STUB/device-hangs ]]; then exec sleep 8; fi
if [[ -e $STUB/device-rubbish ]]; then
	printf '\\xff\\xfe rubbish\\n'
	[[ $1 == off ]] && printf '%s\\n' "$*" >>"$STUB/shots"
	exit 0
fi
[[ $1 == off ]] || { echo on && exit; }
printf '%s\\n' "$*" >>"$STUB/shots"
[[ ! -e $STUB/device-fails ]] || { echo "no route to the management board" >&2 && exit 1; }
`;

const DRBD = `{ read -r _ cs ro ds _; } <<<"$(head -n 1 /stub/drbd)"; cs=\${cs#cs:} ro=\${ro#ro:} ds=\${ds#ds:}`;

/** The commands of a whole master, see machine.ts. Where /stub has `CALL-fails`, what is in it is said, and it fails. */
export const MACHINE_STUBS: Readonly<Record<string, string>> = {
  drbdadm: `${DRBD}
while [[ $1 == -* ]]; do shift; done
[[ ! -e /stub/$1-fails ]] || { cat "/stub/$1-fails" >&2 && exit 1; }
[[ ! -e /stub/$1-takes ]] || sleep "$(</stub/$1-takes)"
case $1 in
get-gi) sed 's/$/:1:1:0:1:0:0/' /stub/generations ;;
role) echo "$ro" ;;
dstate) echo "$ds" ;;
cstate) echo "$cs" ;;
primary) sed -i 's/ro:Secondary/ro:Primary/' /stub/drbd ;;
secondary) sed -i 's/ro:Primary/ro:Secondary/' /stub/drbd ;;
connect) sed -i 's/cs:StandAlone/cs:WFConnection/' /stub/drbd ;;
disconnect) sed -i 's/cs:[A-Za-z]*/cs:StandAlone/' /stub/drbd ;;
outdate) sed -i 's/ds:[A-Za-z]*/ds:Outdated/' /stub/drbd ;;
verify) sed -i 's/cs:Connected/cs:VerifyS/' /stub/drbd ;;
esac`,
  drbdsetup: `[[ ! -e /stub/refuses ]] || { cat /stub/refuses >&2 && exit 1; }
sed -i 's/ro:Secondary/ro:Primary/' /stub/drbd`,
  mount: `[[ ! -e /stub/mount-fails ]] || { echo "wrong fs type" >&2 && exit 32; }
[[ $1 != -o ]] || exec /usr/bin/mount -o bind,ro /volume "\${*: -1}"
exec /usr/bin/mount --bind /volume "\${*: -1}"`,
  umount: `[[ ! -e /stub/umount-hangs ]] || exec sleep 1000
exec /usr/bin/umount "$@"`,
  nfsdcld: `mkdir -p /stub/nfsd && : >/stub/nfsd/cld && exec 5</stub/nfsd/cld && exec sleep 1000`,
  "rpc.nfsd": `[[ ! -e /stub/nfsd-fails ]] || exit 1
[[ $1 != --scope ]] || { echo "$2" >/stub/scope && shift 2; }
echo "\${1:-8}" >/proc/fs/nfsd/threads`,
  exportfs: `case $1 in
-ra) sed -n 's/(.*/(rw)/; s/ /\\t/p' /etc/exports.d/ha-nfs.exports >/var/lib/nfs/etab ;;
-ua) : >/var/lib/nfs/etab ;;
esac`,
  systemctl: `[[ $* == "restart ha-nfs-mountd.service" ]] || exit 0
exec >/sys/fs/cgroup/system.slice/ha-nfs-mountd.service/cgroup.procs
[[ ! -e /stub/restart-takes ]] || sleep "$(</stub/restart-takes)"
echo 1`,
  sysctl: "", // it would set this machine's
  cl_status: `[[ ! -e /stub/cl_status-hangs ]] || exec sleep 1000
case $1 in
nodestatus) cat /stub/nodestatus ;;
rscstatus) cat /stub/rscstatus ;;
esac`,
  "/usr/share/heartbeat/hb_standby": `[[ ! -e /stub/heartbeat-hangs ]] || cat >/stub/fifo`,
  "/usr/share/heartbeat/hb_takeover": `[[ ! -e /stub/heartbeat-hangs ]] || cat >/stub/fifo`,
  "/usr/libexec/heartbeat/send_arp": "",
  "/usr/libexec/heartbeat/tickle_tcp": "",
};
