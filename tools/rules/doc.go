// Rules checks a rules file of package config, and says which policies each method
// of an API has by it.
//
//	rules rules.yaml
//	buf build -o api.binpb && rules -descriptors api.binpb rules.yaml
//
// It is installed from a checkout, by go install in its folder.
//
// Without descriptors it tells what is wrong with the file itself: each fault with line
// and column. With the descriptors of .proto files, an image of buf or a
// FileDescriptorSet of protoc, it also tells
//
//   - rules for methods, services and packages that there are not,
//   - rules that are the closest for no method,
//   - unary methods without a deadline,
//
// and prints the policies in force for each method, of the file, of the options in the
// .proto files, and of the built-in rule beneath.
//
//	-descriptors file   descriptors, in binary
//	-side client        where calls are seen: client or server
//	-target text        the target of a client's calls, for rules that name one
//	-table=false        print findings only
//
// It exits with 0 if there is nothing to say, with 1 if the file is wrong, with 2 if it
// cannot do its work, and with 3 if the file is right but one of the three was found.
package main
