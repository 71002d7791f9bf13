// Package conformance runs the cases for gRPC of the suite of connectrpc.com/conformance
// through the guard, on the client and on the server. What is tested are the suite's own
// programs that use grpc-go, with one line more: the guard. It is all in the test:
//
//	go test -v .
//
// Four cases of each side are ones that bare grpc-go fails, and the suite names them: where one
// message is right and there are two or none, it has INTERNAL and not UNIMPLEMENTED.
package conformance
