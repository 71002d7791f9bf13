// Package connect puts clients of connect-go under afloat's policies, and reads what a server
// with afloat says of its responses. docs/languages.md goes through it.
package connect
