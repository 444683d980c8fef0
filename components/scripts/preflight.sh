# shellcheck shell=bash
# Whether this host can be what the configuration wants of it. It changes nothing, and tells all that is wrong, each as a line
# `mistake SENTENCE`, or `doubt SENTENCE` where it may be meant so; an interface's `mtu DEVICE BYTES`; and at the end `clock SECONDS`, since 1970.
: "${NAME:?}" "${NICS:?}"
: "${PEERS?}"                 # who must answer: `DEVICE ADDRESS` a line
: "${PORTS?}"                 # what ha-nfs listens on here: `tcp|udp PORT` a line
: "${DISK?}" "${PARTITION?}"  # the data disk, and the name of ha-nfs's partition on it
: "${DRBD:?}" "${ROOM_MIB:?}" # whether it holds a DRBD volume, yes or no; what the system disk must have free

# is_ours: whether this host has been ha-nfs's before.
is_ours() { compgen -G '/var/lib/ha-nfs/owner-*' >/dev/null; }

# once FOUND ALLOWED MEND: a mistake on a host that is to be made, and no reason to leave alone one that runs.
once() {
	if is_ours; then printf 'doubt %s\n' "$1"; else mistake "$@"; fi
}

# mistake FOUND ALLOWED MEND
mistake() { printf 'mistake found: %s; allowed: %s; %s\n' "$@"; }

die() { printf '%s\n' "$*" && exit 1; } # of disk.sh

check_system() {
	local id version
	# shellcheck source=/dev/null
	id=$(. /etc/os-release && printf '%s %s' "$ID" "${VERSION_ID:-}")
	version=${id#* }
	[[ $id == "debian "* && ($version == 12 || $version == 13) ]] ||
		mistake "the system is $id" "Debian 12 or 13" "install that, or name another host"
	[[ -d /run/systemd/system ]] || mistake "no systemd runs here" "systemd as the system's first process" "boot the host with it"
	[[ -z $(dpkg --audit 2>&1) ]] ||
		once "packages are half installed" "none" "dpkg --configure -a, and apt-get -f install"
}

check_name() {
	[[ $(uname -n) == "$NAME" ]] ||
		mistake "the host's name is $(uname -n)" "$NAME, as the configuration calls it, for the cluster goes by uname -n" "hostnamectl set-hostname $NAME, or change the configuration"
}

# check_nic DEVICE ADDRESS/PREFIX
check_nic() {
	local there
	if [[ ! -e /sys/class/net/$1 ]]; then
		there=$(find /sys/class/net -mindepth 1 -not -name lo -printf '%f\n' | sort | tr '\n' ' ')
		mistake "there is no interface $1" "one of ${there% }" "correct it in the configuration"
		return
	fi
	[[ $(ip -o -4 address show dev "$1") == *" $2 "* ]] ||
		mistake "$1 has $(ip -o -4 address show dev "$1" | awk '{ printf "%s%s", sep, $4; sep = ", " } END { if (!NR) printf "no address" }')" "$2" "give it to it, lastingly, or change the configuration"
	[[ $(<"/sys/class/net/$1/operstate") != down ]] || mistake "$1 is down" "an interface that is up" "ip link set $1 up, and look at the cable"
	printf 'mtu %s %s\n' "$1" "$(<"/sys/class/net/$1/mtu")"
}

# check_peer DEVICE ADDRESS: a packet as large as this interface sends must arrive whole.
check_peer() {
	local mtu
	[[ -e /sys/class/net/$1 ]] || return 0
	mtu=$(<"/sys/class/net/$1/mtu")
	! ping -qnc 3 -i 0.3 -W 2 -M "do" -s $((mtu - 28)) -I "$1" "$2" >/dev/null 2>&1 || return 0
	if ping -qnc 3 -i 0.3 -W 2 -I "$1" "$2" >/dev/null 2>&1; then
		mistake "a packet of $mtu bytes, which is the MTU of $1, does not reach $2" "the same MTU on every interface of this network and on the switches between" "ip link set $1 mtu SIZE, lastingly, on each"
	else
		printf 'doubt %s\n' "$2 does not answer a ping through $1: a firewall's rule, or a cable, a VLAN, a host that is off?"
	fi
}

# check_port tcp|udp PORT: free, unless this host has been ha-nfs's before.
check_port() {
	local users
	! is_ours || return 0
	users=$(ss -Hnlp "--$1" "sport = :$2" | grep -o 'users:.*' | sort -u | tr '\n' ' ') || :
	[[ $users != *'("corosync"'* ]] || return 0 # a package's own service, which is masked or taken over
	systemctl --quiet is-active nfs-server.service && [[ $2 == 2049 ]] && return 0
	[[ -z $(ss -Hnl "--$1" "sport = :$2") ]] ||
		mistake "port $2 ($1) is taken${users:+ by ${users% }}" "a free port" "stop that, or choose another port where the configuration has one"
}

blank() {
	if [[ -b /dev/disk/by-partlabel/$PARTITION ]]; then
		[[ $(lsblk -ndpo PKNAME "/dev/disk/by-partlabel/$PARTITION") == "$(realpath "$DISK")" ]] ||
			die "the partition $PARTITION is there, and on another disk than $DISK"
	elif ! is_lvm || [[ ! -e /etc/drbd.d && ! -e /var/lib/ha-nfs ]]; then # ours may be on a logical volume: drbd.sh knows
		prove_blank "$DISK"
	fi
}

check_disk() {
	local said
	said=$(require_disk && blank) || printf 'mistake %s\n' "$said"
}

check_kernel() {
	local version
	version=$(cat /sys/module/drbd/version 2>/dev/null || modinfo -F version drbd 2>/dev/null) || :
	[[ $version == 8.4.* ]] || mistake "the kernel's DRBD is ${version:-not there}" "8.4, Debian's own" "apt-get install linux-image-amd64, take away drbd-dkms, and reboot"
}

check_room() {
	local free
	free=$(df -BM --output=avail / | tail -1 | tr -dc 0-9)
	((free >= ROOM_MIB)) || once "/ has $free MiB free" "at least $ROOM_MIB MiB" "make room"
}

preflight() {
	local first second
	check_system
	check_name
	while read -r first second; do check_nic "$first" "$second"; done < <(printf %s "$NICS")
	while read -r first second; do check_peer "$first" "$second"; done < <(printf %s "$PEERS")
	while read -r first second; do check_port "$first" "$second"; done < <(printf %s "$PORTS")
	[[ -z $DISK ]] || check_disk
	[[ $DRBD == no ]] || check_kernel
	check_room
	printf 'clock %s\n' "$EPOCHREALTIME"
}
