// Package orders takes orders: it charges for a product and reserves it. It shows
// compartments, work that is undone, and work that waits.
//
// Payments and inventory have places of their own, so that a flood on one leaves
// the other untouched. A reservation that fails is followed by a refund. While the
// circuit of payments is open an order is accepted all the same: it is kept in a
// queue on disk, the response says that its payment is missing and why, and Drain
// charges for it later. Payments are charged by order id, once, so an order that is
// drained twice, as after a crash in between, is charged for once.
package orders
