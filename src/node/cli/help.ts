/** What `sockchart help` says; 80 columns. */
export const HELP = `sockchart: connects or listens as an OpenVPN-style configuration says, and tells
why

  sockchart COMMAND [FILE] [OPTIONS] [--directive values ...]

Commands
  check FILE         every problem of a configuration, with its place and a hint
  plan FILE          look the names up; print what would be tried, or bound, in
                     order, and what is skipped and why. Opens no socket
  run FILE           a client: connect, come back after a loss; standard input
                     and output are joined to the connection as nc does.
                     A server: bind everything, tell who comes and goes.
                     A peer: meet the other one, again after a loss; joined
                     as a client is
  simulate SCENARIO  run a scenario file on the virtual network; of two peers,
                     both sides in the order of time
  demo               watch a failover on this machine's loopback
  help               this page

Options
  --json             JSON lines on standard output, the last one has the type
                     "result"; run joins nothing then. The result's outcome,
                     atMs and winner are those of the first outcome, even if
                     it was lost later; its ledger has the last finished round
                     and the current one
  -v, --verbose      check: list what is ignored. run: every event on a line
  --once             run: end after the first outcome (connected, or bound; one
                     round)
  --no-stdio         run of a client or a peer: do not join standard input and
                     output
  --echo             run of a server: send back what clients send, instead of
                     reading and forgetting it
  --seed N           what chance is drawn from, for the same choices again
  --strict           old spellings (udp6) are errors
  --allow-ignored NAME      read on without a directive that matters
  --allow-socket-plugins    trust the socket plugins that a file names
  --no-color         no colours (NO_COLOR and FORCE_COLOR are honoured, too)
  -h, --help         this page
  -V, --version      the version

Every directive can follow as --name values. It comes after the file; no file
is needed then:  sockchart run --client --proto tcp --remote example.org 80
                 sockchart run --mode server --proto udp --port 1194 --echo
                 sockchart run --proto udp-server --port 1194

run hears signals: Ctrl-C and SIGTERM stop (Ctrl-C again: at once; a server
gives its clients 5 s), SIGHUP reads the file again and restarts, SIGUSR1 leaves
the candidate of a client or a peer for the next one.
FILE may be - for standard input, or a pipe: it is read once, and run then joins
nothing to standard input.

Exit codes: 0 done (run: stopped by SIGTERM, too), 1 command line or
configuration, 2 could not connect or bind, 130 interrupted (plan and demo: by
SIGTERM and SIGHUP, too).
`
