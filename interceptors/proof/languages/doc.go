// Package languages has a guarded client call servers in other languages: grpcio, gRPC's core in
// C with Python, and grpc-js, which is JavaScript alone. Each says what its caller asks for, hangs,
// ends connections at an age, and is shut down by force. It is all in the test:
//
//	go test -v .
//
// The servers are python/server.py and javascript/server.js.
package languages
