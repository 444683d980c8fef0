# shellcheck shell=bash
# This node's half of the DRBD volume: partitions, metadata, configuration, device up. It writes metadata only on a
# disk that is provably blank, and never makes a file system.
: "${VOLUME:?}" "${DISK:?}" "${EXTERNAL_METADATA:?}" "${DRBD_RESOURCE:?}" "${DRBD_GLOBAL:?}"

label=ha-nfs-$VOLUME # GPT name of the data partition: by it we know our own disk again
blank_mib=16         # MiB at the start that must be zero before a disk counts as blank

# A logical volume is made for one purpose, and the kernel reads no partitions in it: DRBD takes it whole.
if [[ $(lsblk -dno TYPE "$DISK" 2>/dev/null) == lvm ]]; then
	data=$DISK
else
	data=/dev/disk/by-partlabel/$label
fi
meta=internal
[[ $EXTERNAL_METADATA == no ]] || meta=$data-meta

files() {
	local secret text
	secret=$(</etc/ha-nfs/secrets/drbd)
	text=${DRBD_RESOURCE//@SHARED_SECRET@/$secret}
	text=${text//@DISK@/$data}
	put /etc/drbd.d/global_common.conf 644 "$DRBD_GLOBAL"
	put "/etc/drbd.d/$VOLUME.res" 600 "${text//@META_DISK@/$meta}"
	put /etc/modules-load.d/ha-nfs-drbd.conf 644 $'drbd\n'
}

# zero_start DEVICE: nothing but zeros in its first blank_mib.
zero_start() { cmp -s -n $((blank_mib * 1024 * 1024)) "$1" /dev/zero; }

# refuse WHAT: the disk or partition holds something, and that is the user's.
refuse() {
	die "$DISK is not blank: $1. Nothing was written. Is it the right disk? To keep what is on it, copy it away first. To give the disk to ha-nfs, destroy its contents yourself: wipefs --all --force $DISK && dd if=/dev/zero of=$DISK bs=1M count=$blank_mib"
}

# prove_blank DEVICE: no signature that wipefs knows, and zeros where one that it does not know would be.
prove_blank() {
	local signatures
	signatures=$(wipefs --noheadings --output TYPE,OFFSET "$1")
	[[ -z $signatures ]] || refuse "$1 holds $(tr -s ' \n' ' ' <<<"$signatures")"
	zero_start "$1" || refuse "the first $blank_mib MiB of $1 are not all zero"
}

partition() {
	local size_mib meta_mib
	[[ -b $DISK ]] || die "there is no block device $DISK; there are: $(lsblk -dnpo NAME,SIZE | tr '\n' ' ')"
	if [[ $data == "$DISK" ]]; then
		[[ $meta == internal ]] || die "$DISK is a logical volume, and those have internal metadata only: set drbd.metadata to internal"
		return
	fi
	if [[ -b $data ]]; then
		[[ $(lsblk -ndpo PKNAME "$data") == "$(realpath "$DISK")" ]] ||
			die "the partition $label exists, but not on $DISK: $(lsblk -npo NAME,PARTLABEL | grep "$label")"
		return
	fi
	prove_blank "$DISK"
	[[ $(lsblk -nro NAME "$DISK" | wc -l) == 1 ]] || refuse "something is built on it: $(lsblk -nro NAME,TYPE "$DISK" | tr '\n' ' ')"
	size_mib=$(($(blockdev --getsize64 "$DISK") / 1024 / 1024))
	# DRBD's bitmap needs 32 MiB a TiB; the rest is room to grow
	meta_mib=$((64 + size_mib / 8192))
	if [[ $EXTERNAL_METADATA == yes ]]; then
		sgdisk --new=2:-${meta_mib}M:0 --change-name=2:"$label-meta" --new=1:0:0 --change-name=1:"$label" "$DISK" >/dev/null
	else
		sgdisk --new=1:0:0 --change-name=1:"$label" "$DISK" >/dev/null
	fi
	udevadm settle
	log "partitioned $DISK"
}

# Metadata that are there are kept, and the volume with them: it is this cluster's, for DRBD connects no others.
create_metadata() {
	local output
	case $(drbdadm dstate "$VOLUME" 2>/dev/null) in
	'' | Diskless* | Unconfigured*) ;;
	*) return ;; # attached
	esac
	! drbdadm dump-md "$VOLUME" >/dev/null 2>&1 || return 0
	prove_blank "$data"
	output=$(drbdadm --force create-md "$VOLUME" 2>&1) || die "drbdadm create-md $VOLUME failed: $output"
	log "wrote DRBD metadata"
}

apply() {
	partition
	modprobe drbd || die "the kernel $(uname -r) has no drbd module"
	files
	drbdadm dump "$VOLUME" >/dev/null || { restore && die "DRBD refuses /etc/drbd.d/$VOLUME.res; the old file is back"; }
	create_metadata
	activate drbdadm adjust "$VOLUME"
	enable_unit "drbd@$VOLUME.target"
	systemctl start "drbd@$VOLUME.target"
}

# The data and its metadata stay on the disk, so the next apply takes the volume over as it is.
remove() {
	disable_unit "drbd@$VOLUME.target"
	drbdadm down "$VOLUME" || die "DRBD holds $VOLUME: $(drbdadm status "$VOLUME")"
	files
}

verify() {
	files
	[[ $(drbdadm dstate "$VOLUME") == UpToDate/* ]] || drift "the disk is $(drbdadm dstate "$VOLUME")"
}
