import assert from "node:assert/strict";
import { Sandbox } from "./sandbox";

const DB = "/etc/corosync/qdevice/net/nssdb";
const QNETD = "/etc/corosync/qnetd/nssdb";
const pem = (what: string, body: string) => `-----BEGIN ${what}-----\n${body}\n-----END ${what}-----\n`;
const request = (of: string) => pem("NEW CERTIFICATE REQUEST", of);
const certificate = (of: string) => pem("CERTIFICATE", of);

/** A certutil whose database is a directory with a file for each nickname, and whose signature is the request itself. */
const CERTUTIL = `
while (($#)); do
  case $1 in
  -d) db=$2 ;; -o) out=$2 ;; -i) in=$2 ;; -n) name=$2 ;; -N | -R | -C | -L | -A | -D) verb=$1 ;;
  esac
  shift
done
case $verb in
-R) printf -- '${request("OF-'$RANDOM$RANDOM'").replaceAll("\n", "\\n")}' >"$out" ;;
-C) sed 's/NEW CERTIFICATE REQUEST/CERTIFICATE/' "$in" >"$out" ;;
-L) sed 's/$/\\r/' "$db/$name" ;;
-A) cp "$in" "$db/$name" ;;
-D) rm "$db/$name" ;;
esac`;

describe("node scripts: the quorum device", () => {
  let box: Sandbox;
  beforeEach(() => {
    box = new Sandbox({ certutil: CERTUTIL, systemctl: "[[ $1 != show ]]", "corosync-qnetd-tool": "" });
  });
  afterEach(() => box.remove());

  const key = (generation: string, action = "apply") =>
    box.run("managers/pacemaker/qdevice-key.sh", action, {
      CLUSTER: "ha-nfs",
      SECRETS_GENERATION: generation,
    });
  const printed = (output: string) => /-----BEGIN[^]*-----END.*\n/.exec(output)?.[0];

  it("makes a key once a generation, and prints the request", () => {
    const first = key("1");
    assert.equal(first.status, 0, first.output);
    assert.match(first.output, /^-----BEGIN NEW CERTIFICATE REQUEST-----\nOF-\d+\n/);
    assert.equal(key("1").output, first.output);
    assert.equal(key("1", "verify").status, 0);
    assert.notEqual(printed(key("2").output), printed(first.output));
    assert.equal(box.exec(`stat -c %a ${DB}`).output, "700\n");
    assert.equal(key("2", "remove").status, 0);
    assert.equal(box.exec(`test -e ${DB}`).status, 1);
  });

  it("leaves another cluster's key alone", () => {
    box.write(`${DB}/key4.db`, "theirs");
    const { status, output } = key("1");
    assert.equal(status, 1);
    assert.match(output, /has a key of another cluster/);
    assert.equal(box.read(`${DB}/key4.db`), "theirs");
  });

  const device = (of: string, action = "apply") =>
    box.run("managers/pacemaker/qdevice.sh", action, {
      CA: certificate("CA"),
      CERTIFICATE: certificate(of),
      QDEVICE_DROP_IN: "[Service]\n",
    });

  it("takes the witness' certificates once, and starts the device with them", () => {
    box.write(`${DB}/pwdfile.txt`, "");
    const first = device("ONE");
    assert.equal(first.status, 0, first.output);
    assert.ok(first.calls.includes("systemctl restart corosync-qdevice.service"));
    const again = device("ONE");
    assert.deepEqual([again.status, again.output], [0, ""]);
    assert.ok(!again.calls.some((call) => /restart|-[AD] /.test(call)), again.calls.join("\n"));
    assert.ok(device("TWO").calls.includes("systemctl restart corosync-qdevice.service"));
    box.write(`${DB}/QNet CA`, certificate("ANOTHER"));
    assert.match(device("TWO", "verify").output, /^drift: .* has other certificates$/m);
  });

  const qnetd = (requests: string, action = "apply") =>
    box.run("managers/pacemaker/qnetd.sh", action, {
      CLUSTER: "ha-nfs",
      REQUESTS: requests,
      QNETD_DROP_IN: "[Service]\n",
    });

  it("signs what the masters ask for, in their order and once, and prints its CA first", () => {
    box.write("/usr/bin/corosync-qnetd", "", 0o755);
    box.write(`${QNETD}/cert9.db`, "");
    box.write(`${QNETD}/QNet CA`, certificate("CA"));
    const { status, output } = qnetd(request("ONE") + request("TWO"));
    assert.equal(status, 0, output);
    const certificates = certificate("CA").replaceAll("\n", "\r\n") + certificate("ONE") + certificate("TWO");
    assert.ok(output.endsWith(certificates), output);
    const again = qnetd(request("TWO"));
    assert.ok(!again.calls.some((call) => / -C /.test(call)));
    assert.ok(again.output.endsWith(certificate("TWO")));
  });

  it("gives no vote where it has one for another cluster", () => {
    box.write("/usr/bin/corosync-qnetd", "", 0o755);
    box.stub("corosync-qnetd-tool", `printf 'Cluster "shop":\\nCluster "ha-nfs":\\n'`);
    const { status, output, calls } = qnetd(request("ONE"));
    assert.equal(status, 1);
    assert.match(output, /has a vote for another cluster: shop; name another witness/);
    assert.ok(!calls.some((call) => call.includes("restart")));
  });
});
