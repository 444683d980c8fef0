/** What drbdadm does here: notes the call, and changes the file that stands for /proc/drbd as the kernel would. */
export const DRBDADM = `#!/bin/bash
printf '%s\\n' "$*" >>"$STUB/calls"
proc=$(<"$STUB/drbd")
case $1 in
get-gi) sed 's/$/:1:1:0:1:0:0/' "$STUB/generations" ;;
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
