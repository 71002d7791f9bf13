// Package share is a policy of one's own, made outside of afloat: of the calls
// that a server answers at a time, no tenant has more than its share. The guide
// to such policies, docs/policies.md, goes through it.
package share
