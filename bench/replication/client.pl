# The bench's writer: does one workload below ROOT, and makes ROOT/zz/TOKEN when that is done. Prints when it began and
# when it ended, seconds since 1970. Each file's path and the time at which its close() returned go to ACKS/<worker>,
# `path\0seconds\0`.
# usage: client.pl ROOT ACKS TOKEN VERB ARGUMENT…
#   write  DIRECTORY GROUPS DIRS FILES SIZE RATE   GROUPS x DIRS x FILES files of SIZE bytes, RATE a second (0: no limit)
#   edit   DIRECTORY FILES TIMES                   writes other bytes of the same length into FILES files, TIMES times
#   change DIRECTORY DIRS COUNT RATE               COUNT files are changed, made or removed
#   rename FROM TO                                 or back, when TO is there
#   remove DIRECTORY
#   mark                                           nothing
use strict;
use warnings;
use List::Util qw(first);
use Time::HiRes qw(time sleep);

my $WORKERS = 8;    # a client that waits for one answer at a time would measure the wire

my ( $root, $acks, $token, $verb, @arguments ) = @ARGV;
my $began = time;
my $out;

# at NUMBER, RATE: waits until the NUMBERth is due.
sub at {
  my ( $number, $rate ) = @_;
  my $rest = $rate ? $began + $number / $rate - time : 0;
  sleep $rest if $rest > 0;
}

# put MODE, PATH, SIZE, SEED: writes SIZE bytes of its own to a file, and notes when that was acknowledged.
sub put {
  my ( $mode, $path, $size, $seed ) = @_;
  my $text  = "$path $seed ";
  my $bytes = substr $text x ( 1 + $size / length $text ), 0, $size;
  open my $file, $mode, "$root/$path" or die "cannot open $path: $!\n";
  ( syswrite( $file, $bytes ) // -1 ) == $size or die "cannot write $path: $!\n";
  close $file or die "cannot close $path: $!\n";
  printf {$out} "%s\0%.6f\0", $path, time;
}

# Makes a directory and what it is in.
sub directory {
  my ($path) = @_;
  return if mkdir "$root/$path" or $!{EEXIST};
  directory( $path =~ s{/[^/]*\z}{}r );
  mkdir "$root/$path" or $!{EEXIST} or die "cannot make $path: $!\n";
}

# workers CODE: each worker calls CODE with its number.
sub workers {
  my ($code) = @_;
  my @children = map {
    my $number = $_;
    my $child  = fork // die "fork: $!\n";
    if ( !$child ) {
      open $out, '>', "$acks/$number" or die "cannot open $acks/$number: $!\n";
      $code->($number);
      close $out or die "cannot write $acks/$number: $!\n";
      exit 0;
    }
    $child;
  } 0 .. $WORKERS - 1;
  my $failed = grep { waitpid( $_, 0 ); $? } @children;
  die "$failed writers failed\n" if $failed;
}

sub write_files {
  my ( $top, $groups, $dirs, $files, $size, $rate ) = @_;
  directory("$top/g$_") for 0 .. $groups - 1;
  $began = time;
  workers(
    sub {
      my ($worker) = @_;
      my $written = 0;
      for my $dir ( grep { $_ % $WORKERS == $worker } 0 .. $groups * $dirs - 1 ) {
        my $path = sprintf "%s/g%d/d%d", $top, $dir / $dirs, $dir % $dirs;
        directory($path);
        for my $file ( 0 .. $files - 1 ) {
          at( $WORKERS * $written++, $rate );
          put( '>', "$path/f$file", $size, "" );
        }
      }
    }
  );
}

sub edit_files {
  my ( $top, $count, $times ) = @_;
  my @files = map { "$top/f$_" } 0 .. $count - 1;
  my $size  = -s "$root/$files[0]";
  workers(
    sub {
      my ($worker) = @_;
      for my $time ( 1 .. $times ) {
        put( '+<', $files[$_], $size, $time ) for grep { $_ % $WORKERS == $worker } 0 .. $count - 1;
      }
    }
  );
}

sub change_files {
  my ( $top, $dirs, $count, $rate ) = @_;
  open $out, '>', "$acks/0" or die "cannot open $acks/0: $!\n";
  for my $number ( 0 .. $count - 1 ) {
    my $dir = sprintf "%s/g0/d%d", $top, $number * 7 % $dirs;
    # an earlier run has removed some
    my $old = first { -e "$root/$_" } map { "$dir/f$_" } int( $number / $dirs ) .. 999;
    defined $old or die "no file left in $dir\n";
    at( $number, $rate );
    if    ( $number % 5 < 3 )  { put( '>>', $old, 300, $number ) }
    elsif ( $number % 5 == 3 ) { put( '>', "$dir/new-$token-$number", 300, $number ) }
    # asked again by the kernel when the server has died before it could answer
    else { unlink "$root/$old" or $!{ENOENT} or die "cannot remove $old: $!\n" }
  }
  close $out or die "cannot write $acks/0: $!\n";
}

my %verbs = (
  write  => \&write_files,
  edit   => \&edit_files,
  change => \&change_files,
  rename => sub {
    my ( $from, $to ) = map { "$root/$_" } @_;
    ( $from, $to ) = ( $to, $from ) if -e $to;
    rename $from, $to or die "cannot rename $from: $!\n";
  },
  remove => sub { system( "rm", "-rf", "$root/$_[0]" ) == 0 or die "cannot remove $_[0]\n" },
  mark   => sub { },
);

( $verbs{$verb} // die "no workload $verb\n" )->(@arguments);
my $ended = time;
directory("zz");
open my $mark, '>', "$root/zz/$token" or die "cannot make zz/$token: $!\n";
close $mark or die "cannot close zz/$token: $!\n";
printf "%.6f %.6f\n", $began, $ended;
