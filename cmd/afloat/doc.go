// Afloat is the command of the toolkit. It checks the rules files of package
// interceptors/rules/config, shows which policies each method of an API has by them, and
// tries what they would do.
//
//	go install github.com/afloat-go/afloat/cmd/afloat@latest
//
//	afloat rules check rules.yaml
//	buf build -o api.binpb && afloat rules check -descriptors api.binpb rules.yaml
//	afloat rules table -descriptors api.binpb rules.yaml
//	afloat rules simulate rules.yaml -world outage-hangs-20s -method /shop.v1.Payments/Charge
//
// A file named -, or no file, is the standard input.
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
