// Afloat is the command of the toolkit. It shows what the guard of a process does and has it
// do something else for a while. It checks the rules files of package
// interceptors/rules/config, shows which policies each method of an API has by them, and
// tries what they would do. It also writes afloat's .proto files.
//
//	go install github.com/afloat-go/afloat/cmd/afloat@latest
//
//	afloat rules check rules.yaml
//	buf build -o api.binpb && afloat rules check -descriptors api.binpb rules.yaml
//	afloat rules table -descriptors api.binpb rules.yaml
//	afloat rules simulate rules.yaml -world outage-hangs-20s -method /shop.v1.Payments/Charge
//	afloat proto export third_party
//
// A file named -, or no file, is the standard input.
//
// # Operating
//
// The process serves the admin service of package interceptors/admin:
//
//	export AFLOAT_ADDR=localhost:9090
//	afloat state                      # what there is; -json for programs, -check for scripts
//	afloat state -state open,half_open,forced_open
//	afloat explain /shop.v1.Payments/Charge -target dns:///payments
//	afloat watch
//	afloat open "/shop.v1.Payments/*" -for 10m -reason "the bank is down"
//	afloat close -kind breaker -target dns:///payments -for 5m -reason "a false alarm"
//	afloat trip /shop.v1.Payments/Charge -reason "a drill"
//	afloat reset -everything -reason "the deploy is over"
//	afloat override disable -everything -for 10m -reason "is it the guard?"
//	afloat override places -kind bulkhead -n 50 -for 1h -reason "a smaller pool"
//	afloat override list
//	afloat override end 3
//
// What is named is a method, "/pkg.Service/*" for a service and its methods, "/pkg.*" for a
// package, or a policy as state shows it; -target, -kind, -side and -rule narrow it down, or
// stand alone. With -dry-run nothing is changed. Every override has a reason and an end, of
// at most 24 hours. Who may change something is up to the process; a token for it is taken
// from AFLOAT_TOKEN, and sent by TLS only, unless the process is on this machine.
//
// These commands exit with 0 if all is done, with 1 if the process refuses what it is asked
// for, with 2 if they cannot do their work, and with 3 if no policy is meant by a change, if
// the call that is explained would be refused, or if state -check finds a circuit that is not
// closed or an override.
//
// Afloat completion prints a script for bash, zsh or fish. Names of methods are completed
// from the process at -addr or AFLOAT_ADDR.
//
// # Checking
//
// Without descriptors, afloat rules check tells what is wrong with the files themselves:
// each fault with line and column; and it tells of rules with a breaker and without a
// side, whose breaker no server has. With the descriptors of .proto files, an image of buf
// or a FileDescriptorSet of protoc, it also tells
//
//   - rules for methods, services and packages that there are not,
//   - rules that are the closest for no method,
//   - unary methods without a deadline.
//
// It exits with 0 if there is nothing to say, with 1 if a file is wrong, with 2 if it
// cannot do its work, and with 3 if the files are right but one of these was found.
//
// # Showing
//
// Afloat rules table prints the policies in force for each method: those of the file, of
// the options in the .proto files, and of the built-in rule beneath. It exits with 0, 1 or
// 2, as above.
//
// # Trying
//
// Afloat rules simulate sets the rule of a method against a world that is not well, in
// virtual time: the policies as they are in a program, thousands of calls, no network. It
// tells how many good answers callers have with the rule and without it, how many calls
// are sent in vain, how many callers wait, and how soon all is well again. The same flags
// give the same figures each time. It exits with 0, 1 or 2, as above.
//
//	-world name    what happens; list prints all worlds
//	-method name   the method whose rule is tried; by default one that only a rule for "*" is for
//	-rate 400      calls a second, of all clients together
//	-seeds 20      how many runs, each with other luck
//
// # The .proto files
//
// Afloat proto export writes afloat's .proto files into a folder, below which others
// import them as "afloat/degrade/v1/degradation.proto", and prints their names. It
// overwrites what is there. Where the number of the options is taken, it writes another:
//
//	afloat proto export -number 50123 -go_package example.com/api/afloatoptions third_party
//
// # Flags
//
//	-descriptors file   descriptors, in binary
//	-side client        where calls are seen: client or server
//	-target text        the target of a client's calls, for rules that name one
//	-custom name        a kind that the program registers by config.WithKind; may be repeated
//
// Only the program knows its own kinds of policies. So -custom takes a kind for granted,
// with whatever configuration; a custom policy of any other name is a fault.
package main
