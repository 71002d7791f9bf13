// Package http puts clients of net/http under afloat's policies: [Transport] is an
// http.RoundTripper. A call ends with the body of its response, so that a body which hangs
// is bounded, and has its place in a bulkhead, like a header that does. docs/policies.md
// goes through it.
package http
