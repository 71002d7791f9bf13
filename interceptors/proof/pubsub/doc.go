// Package pubsub has Google's client for Pub/Sub under the built-in rule, and the same without
// it, against the fake that comes with the client. It is all in the test:
//
//	go test -v .
//
// The client keeps a stream open for each subscription, for as long as it lives, and makes
// unary calls for what is published.
package pubsub
