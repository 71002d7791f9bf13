// Size builds small clients and prints what each library adds to the size of a
// client of gRPC alone.
//
//	go run ./size
//
// The clients are the programs in clients/. They are built without cgo and
// without the paths of this machine, and once more stripped (-ldflags="-s -w").
package main
