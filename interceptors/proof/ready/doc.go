// Package ready has the rules of docs/ready-rules.md, each with the test that it is taken from.
package ready
