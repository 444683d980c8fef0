# shellcheck shell=bash
# The key by which corosync-qnetd knows this master: made here, and it stays here. Prints the request for a certificate.
: "${CLUSTER:?}" "${SECRETS_GENERATION:?}"

db=/etc/corosync/qdevice/net/nssdb
request=$db/$CLUSTER-$SECRETS_GENERATION.csr

make_key() (
	umask 077
	rm -rf $db.new
	mkdir -p $db.new
	: >$db.new/pwdfile.txt
	head -c 64 /dev/urandom >$db.new/noise.txt
	certutil -N -d $db.new --empty-password
	certutil -R -a -d $db.new -f $db.new/pwdfile.txt -z $db.new/noise.txt -s "CN=$CLUSTER" -o "$db.new/${request##*/}"
	rm $db.new/noise.txt
)

apply() {
	if [[ ! -s $request ]]; then
		[[ ! -e $db ]] || compgen -G "$db/$CLUSTER-*.csr" >/dev/null ||
			die "this node's corosync-qdevice has a key of another cluster ($db): take it out of that one and move the directory away"
		make_key >/run/ha-nfs/certutil.log 2>&1 || die "cannot make a key: $(tail -n 3 /run/ha-nfs/certutil.log)"
		rm -rf $db
		mv $db.new $db
	fi
	cat "$request"
}

remove() { rm -rf $db $db.new; }

verify() { [[ -s $request ]] || drift "$request is missing"; }
