// Package interop runs grpc-go's interop cases through the guard, on the client and on the
// server. They are the cases by which the gRPC implementations of all languages are tested
// against each other. It is all in the test:
//
//	go test -v .
//
// Cases that need Google's cloud, xDS or Java's grpclb are left out. So is orca_oob, whose
// server needs a switch that is internal to grpc-go.
package interop
