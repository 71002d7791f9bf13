// Package ledger is the account of a shop, in an embedded database file: what was
// taken for which order, and what was given back. An order is charged once and
// refunded once, however often that is asked for, and one that was refunded is closed
// for good. So whoever asks may ask again when in doubt, and a request that comes late
// does no harm.
package ledger
