// Package etcd shows afloat around a client that it knows nothing of: the real
// etcd client, guarded through its dial options, against a real etcd server
// that is stopped and started again. It is all in the test:
//
//	go test -v .
//
// The etcd client brings its own interceptors (by WithUnaryInterceptor, which
// afloat leaves alone), its own retries, a Watch stream that it opens anew when
// it breaks, and a bidirectional stream that keeps leases alive.
package etcd
