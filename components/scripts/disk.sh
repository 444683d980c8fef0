# shellcheck shell=bash
# How a script takes a disk: only one that is provably blank, or that it has taken before.

blank_mib=16 # MiB at the start that must be zero before a disk counts as blank

# zero_start DEVICE: nothing but zeros in its first blank_mib.
zero_start() { cmp -s -n $((blank_mib * 1024 * 1024)) "$1" /dev/zero; }

# blanking: the command by which a person gives the disk up.
blanking() { printf %s "wipefs --all --force $DISK && dd if=/dev/zero of=$DISK bs=1M count=$blank_mib"; }

# refuse WHAT: the disk or partition holds something, and that is the user's.
refuse() {
	die "$DISK is not blank: $1. Nothing was written. Is it the right disk? To keep what is on it, copy it away first. To give the disk to ha-nfs, destroy its contents yourself: $(blanking)"
}

# prove_blank DEVICE: no signature that wipefs knows, and zeros where one that it does not know would be.
prove_blank() {
	local signatures
	signatures=$(wipefs --noheadings --output TYPE,OFFSET "$1")
	[[ -z $signatures ]] || refuse "$1 holds $(tr -s ' \n' ' ' <<<"$signatures")"
	zero_start "$1" || refuse "the first $blank_mib MiB of $1 are not all zero"
}

# is_lvm: a logical volume is made for one purpose, and the kernel reads no partitions in it.
is_lvm() { [[ $(lsblk -dno TYPE "$DISK" 2>/dev/null) == lvm ]]; }

require_disk() {
	[[ -b $DISK ]] || die "there is no block device $DISK; there are: $(lsblk -dnpo NAME,SIZE | tr '\n' ' ')"
	[[ $(lsblk -dno TYPE "$DISK") != part ]] ||
		die "$DISK is a partition, and ha-nfs makes its own on a whole disk: give it one, such as $(lsblk -dnpo PKNAME "$DISK") if nothing else is on that"
}

# partition LABEL SGDISK-ARGUMENT…: partitions a blank disk, unless the partition LABEL is on it already.
partition() {
	local label=$1 data=/dev/disk/by-partlabel/$1
	shift
	if [[ -b $data ]]; then
		[[ $(lsblk -ndpo PKNAME "$data") == "$(realpath "$DISK")" ]] ||
			die "the partition $label exists, but not on $DISK: $(lsblk -npo NAME,PARTLABEL | grep "$label")"
		return
	fi
	prove_blank "$DISK"
	[[ $(lsblk -nro NAME "$DISK" | wc -l) == 1 ]] || refuse "something is built on it: $(lsblk -nro NAME,TYPE "$DISK" | tr '\n' ' ')"
	sgdisk "$@" "$DISK" >/dev/null
	udevadm settle
	log "partitioned $DISK"
}
