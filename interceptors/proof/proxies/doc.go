// Package proxies has nginx and haproxy between a guarded client and its server: a server that is
// gone, one that is slow, a proxy that answers 429, streams that are silent for longer than the
// proxy waits, and what becomes of headers, trailers and details. It is all in the test:
//
//	go test -v .
package proxies
