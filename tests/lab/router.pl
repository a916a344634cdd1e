#!/usr/bin/perl
# A command line that behaves like that of a router: it echoes what is typed, pages, has modes, and talks when nobody asked.
# The first argument is its name. Further ones: `noecho`, `banner`, `wrap`, `ask`.
use strict;
use warnings;

my ($name, %is) = (shift // 'r1', map { $_ => 1 } @ARGV);
my ($mode, $rows, $width) = ('', 24, $is{wrap} ? 20 : 0);
$| = 1;
system('stty', 'raw', '-echo');
$SIG{HUP} = sub { exit };

sub say_raw { syswrite(STDOUT, $_[0]) }
sub say_line { say_raw("$_[0]\r\n") }
sub prompt { say_raw("$name$mode#") }
sub pause { select(undef, undef, undef, $_[0]) }

# A key, or the end of the session.
sub key {
    my $got = sysread(STDIN, my $byte, 1);
    exit unless $got;
    return $byte;
}

# Reads a line, echoing it as a terminal of this width shows it.
sub typed {
    my ($line, $column) = ('', length("$name$mode#"));
    while (1) {
        my $byte = key();
        if ($byte eq "\r" || $byte eq "\n") { say_raw("\r\n"); return $line; }
        if ($byte eq "\x03") { say_raw("^C\r\n"); return ''; }
        if ($byte eq "\x7f" || $byte eq "\x08") { next unless length $line; chop $line; say_raw("\x08 \x08"); next; }
        $line .= $byte;
        next if $is{noecho};
        if ($width && $column >= $width) { say_raw("\r\n"); $column = 0; }
        say_raw($byte);
        $column++;
    }
}

# Lines with a stop after every screenful.
sub page {
    my $shown = 0;
    for my $line (@_) {
        if ($rows && $shown == $rows) {
            say_raw(' --More-- ');
            my $byte = key();
            say_raw("\x08" x 10 . ' ' x 10 . "\x08" x 10);
            return if $byte eq 'q' || $byte eq "\x03";
            $shown = 0;
        }
        say_line($line);
        $shown++;
    }
}

if ($is{banner}) {
    say_line("*" x 70);
    say_line("* $name> authorised users only #");
    say_line("line $_ of a long banner") for 1 .. 3000;
    say_raw('stand by #');
    pause(0.05);
    say_line('');
}
if ($is{ask}) { say_raw('Press any key to continue'); key(); say_line(''); }

prompt();
while (1) {
    my $line = typed();
    my $log = "*Nov 20 13:00:00.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up";
    if ($line =~ /^\s*$/) { }
    elsif ($line eq 'show version') { say_line("Router OS, Version 15.2(4)"); say_line("$name uptime is 3 days"); }
    elsif ($line =~ /^show lines (\d+)$/) { page(map { "line $_" } 1 .. $1); }
    elsif ($line =~ /^show bytes (\d+)$/) {
        my $text = join '', map { sprintf("%09d\r\n", $_) } 1 .. $1 / 11;
        my $at = 0;
        $at += syswrite(STDOUT, $text, 16384, $at) while $at < length $text;
    }
    elsif ($line eq 'show history') { say_line("$name#"); say_line("$name#show clock"); say_line("  $name#"); say_line('end'); }
    elsif ($line eq 'show slow') { say_raw("first\r\nsecond "); pause(0.3); say_line('third'); }
    elsif ($line eq 'show noise') { say_line('quiet'); prompt(); say_raw("\r\n$log\r\n"); next; }
    elsif ($line eq 'show redraw') { say_line('quiet'); prompt(); say_raw("\r\n$log\r\n"); }
    elsif ($line eq 'show twice') { say_line('quiet'); prompt(); say_raw("\r\n"); }
    elsif ($line eq 'show colours') { say_raw("\e[1;32mup\e[0m\r\n\0\e[?25h\e]0;title\adown\r\r\n"); }
    elsif ($line eq 'terminal length 0') { $rows = 0; }
    elsif ($line eq 'configure terminal') { $mode = '(config)'; }
    elsif ($line eq 'end') { $mode = ''; }
    elsif ($line =~ /^hostname (\S+)$/ && $mode) { $name = $1; }
    elsif ($line eq 'reload') { say_raw('Proceed with reload? [confirm]'); key(); say_line(''); }
    elsif ($line eq 'enable') { say_raw('Password: '); typed(); say_line('% Access denied'); }
    elsif ($line eq 'hang') { say_raw("working"); my $byte; do { $byte = key() } until $byte eq "\x03"; say_line('^C'); }
    elsif ($line eq 'stuck') { say_raw("working"); key() while 1; }
    elsif ($line eq 'drop') { say_raw("part of an answ"); pause(0.3); kill 'KILL', getppid(); pause(5); }
    elsif ($line eq 'exit') { exit; }
    elsif ($line =~ /^show nothing/) { }
    elsif ($line =~ /^show echo (.*)$/) { say_line($1); }
    else {
        say_line((' ' x length("$name$mode#")) . '^');
        say_line("% Invalid input detected at '^' marker.");
        say_line('');
    }
    prompt();
}
