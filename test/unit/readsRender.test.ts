import assert from "node:assert/strict";
import { haproxyCfg, keepalivedConf } from "../../components/render/readPool";
import { nginxConf } from "../../components/render/reads";

const shares = [
  { name: "data", from: ["10.10.1.0/24"] },
  { name: "audit", from: ["10.10.1.13", "10.10.7.0/24"] },
];

describe("a slave's nginx", () => {
  it("serves each share to its clients, and believes only the proxies", () => {
    const text = nginxConf({ address: "10.10.1.21", shares, proxies: ["10.10.1.31", "10.10.1.32"] });
    assert.match(
      text,
      / {2}disable_symlinks if_not_owner from=\/srv\/replica;\n {2}set_real_ip_from 10\.10\.1\.31;\n {2}set_real_ip_from 10\.10\.1\.32;\n {2}real_ip_header X-Forwarded-For;\n/,
    );
    assert.ok(
      text.endsWith(`  server {
    listen 10.10.1.21:80 default_server;
    root /srv/replica;
    location / { return 404; }
    location /data/ {
      allow 10.10.1.0/24;
      deny all;
    }
    location /audit/ {
      allow 10.10.1.13;
      allow 10.10.7.0/24;
      deny all;
    }
  }
}
`),
      text,
    );
  });

  it("believes nobody where there is no proxy", () => {
    assert.doesNotMatch(nginxConf({ address: "10.10.1.21", shares, proxies: [] }), /real_ip/);
  });
});

describe("haproxy.cfg", () => {
  const text = haproxyCfg({
    vip: "10.10.1.101",
    address: "10.10.1.31",
    members: [
      { name: "s1", address: "10.10.1.21" },
      { name: "s2", address: "10.10.1.22" },
    ],
    shares,
    healthPort: 9479,
  });
  const section = (name: string) => text.split("\n\n").find((part) => part.startsWith(name)) ?? "";

  it("spreads HTTP over the slaves, drains by 404, and asks another slave when one dies", () => {
    assert.equal(
      section("backend slaves_http"),
      `backend slaves_http
  mode http
  balance roundrobin
  option httpchk GET /pool
  http-check disable-on-404
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response junk-response response-timeout
  server s1 10.10.1.21:80
  server s2 10.10.1.22:80`,
    );
  });

  it("lets an NFS client in only from root's ports, and only if it may read every share", () => {
    assert.match(
      section("frontend nfs"),
      /acl privileged src_port lt 1024\n {2}acl may_read_data src 10\.10\.1\.0\/24\n {2}acl may_read_audit src 10\.10\.1\.13 10\.10\.7\.0\/24\n {2}tcp-request connection reject unless privileged may_read_data may_read_audit\n/,
    );
  });

  it("keeps an NFS client on its slave", () => {
    assert.match(section("backend slaves_nfs"), /balance source\n {2}hash-type consistent\n/);
  });
});

describe("keepalived.conf", () => {
  it("has the address where haproxy runs, and the other proxy as its one peer", () => {
    assert.match(
      keepalivedConf({
        vip: "10.10.1.101",
        prefixLength: 24,
        device: "eth1",
        address: "10.10.1.31",
        peer: "10.10.1.32",
        routerId: 51,
      }),
      /vrrp_instance reads \{\n {2}state BACKUP\n {2}nopreempt\n {2}interface eth1\n {2}virtual_router_id 51\n[^]*unicast_src_ip 10\.10\.1\.31\n {2}unicast_peer \{\n {4}10\.10\.1\.32\n {2}\}\n {2}virtual_ipaddress \{\n {4}10\.10\.1\.101\/24 dev eth1\n[^]*track_process \{\n {4}haproxy\n/,
    );
  });
});
