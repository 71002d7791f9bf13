// Package etcd has the client of etcd under the built-in rule, and the same without it, against
// three members of a real etcd: locks, an election, watches with progress and leases in normal
// life, and a leader that goes while twenty writers write. It is all in the test:
//
//	go test -v .
package etcd
