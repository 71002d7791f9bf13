// Package migration has the code of docs/migrating.md: the same guard with
// gobreaker, with failsafe-go and with hystrix-go, and with afloat instead. Its
// tests hold that both guard alike, and that they differ where the page says so.
package migration
