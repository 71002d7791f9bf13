// Package stock is what a shop has to sell, in an embedded database file: how many
// pieces of each product are left, and which are kept for which order. A piece is kept
// for an order once and put back once, however often that is asked for, and an order
// that was released is closed for good. So whoever asks may ask again when in doubt,
// and a request that comes late does no harm.
package stock
