import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const MASTER = resolve("replicator/master");

/** In the place of systemd-notify(1): a process that holds the descriptor, and the end of that process. */
const notify = (keeper: string) => `#!/usr/bin/perl
use strict;
use warnings;
use POSIX ();
if ( $ARGV[0] =~ /\\A--fd=(\\d+)\\z/ ) {
	my ( $fd, $pid ) = ( $1, fork );
	if ( !$pid ) { POSIX::close($_) for grep { $_ != $fd } 0 .. 99; sleep 600; exit }
	open my $note, ">", "${keeper}" or die $!;
	print $note "$pid $fd";
}
elsif ( open my $note, "<", "${keeper}" ) {
	kill KILL => ( split / /, <$note> )[0];
	unlink "${keeper}";
}
`;

/** In the place of systemd: runs `watch` with what is held. pidfd_open(2), pidfd_getfd(2). */
const start = (directory: string, keeper: string) => `#!/usr/bin/perl
use strict;
use warnings;
use POSIX ();
$ENV{PATH} = "${directory}:$ENV{PATH}";
open my $pid, ">", "${directory}/pid" or die $!;
print $pid $$;
close $pid;
if ( open my $note, "<", "${keeper}" ) {
	my ( $pid, $fd ) = split / /, <$note>;
	my $queue = syscall 438, syscall( 434, $pid + 0, 0 ), $fd + 0, 0;
	die "pidfd_getfd: $!\\n" if $queue < 0;
	POSIX::dup2( $queue, 3 );
	push @ARGV, 3;
}
exec "${MASTER}/watch", @ARGV;
`;

/** As an overflow of the kernel's queue has it: `o` is told after what was lost. */
const losing = (watch: string, trigger: string) => `#!/bin/bash
exec 4>&1
exec ${watch} "$@" > >(exec 3>&-; exec perl -e '
	binmode $_ for *STDIN, *STDOUT;
	my ( $rest, $lose ) = ("");
	while ( sysread STDIN, $rest, 65536, length $rest ) {
		my @records = split /(?<=\\0)/, $rest;
		$rest = @records && $records[-1] !~ /\\0\\z/ ? pop @records : "";
		my $out = "";
		for (@records) {
			$lose ||= unlink "${trigger}";
			if ( $lose && /\\A[we]/ ) { $lose = 0; $out .= "o\\0" }
			$out .= $_ unless $lose;
		}
		syswrite STDOUT, $out if length $out;
	}' >&4) 4>&-
`;

/** Keeps the queue that a `watch` leaves for the next one, as systemd does. */
export class QueueStore {
  private readonly directory = mkdtempSync(join(tmpdir(), "queue-"));
  private readonly keeper = join(this.directory, "keeper");
  /** Path of a `watch` that this store serves. */
  readonly watch = join(this.directory, "watch");

  constructor() {
    const { directory, keeper } = this;
    writeFileSync(join(directory, "systemd-notify"), notify(keeper), { mode: 0o755 });
    writeFileSync(this.watch, start(directory, keeper), { mode: 0o755 });
    symlinkSync(join(MASTER, "xattrs"), join(directory, "xattrs"));
  }

  /** The same; when there is a file `trigger` it removes that, and loses what is told until the next `w`. */
  losing(trigger: string): string {
    const program = join(this.directory, "losing");
    writeFileSync(program, losing(this.watch, trigger), { mode: 0o755 });
    return program;
  }

  /** Does something while the `watch` that runs takes nothing from its queue. */
  stopped(action: () => void): void {
    const pid = Number(readFileSync(join(this.directory, "pid"), "utf8"));
    process.kill(pid, "SIGSTOP");
    try {
      while (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, "latin1")));
      action();
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }

  get holds(): boolean {
    return existsSync(this.keeper);
  }

  /** Lets go what it holds. */
  drop(): void {
    if (!this.holds) return;
    process.kill(Number(readFileSync(this.keeper, "utf8").split(" ")[0]), "SIGKILL");
    rmSync(this.keeper);
  }

  remove(): void {
    this.drop();
    rmSync(this.directory, { recursive: true });
  }
}
