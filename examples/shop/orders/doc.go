// Package orders takes orders: it charges for a product and reserves it. It shows
// compartments, work that is undone, and work that waits.
//
// Payments and inventory have places of their own, so that a flood on one leaves
// the other untouched.
//
// # Work that waits
//
// While payments cannot be had an order is accepted all the same: because their
// circuit is open and nobody was asked, or because nobody knows what became of the
// question. It is kept in a queue on disk, the response says that its payment is
// missing and why, and [Service.Run] charges for it later, by itself. Only what is
// refused without a doubt fails: an order that payments decline, or one for which
// there is no place in their compartment.
//
// # Work that is undone
//
// If the reservation fails the charge is given back, and whatever may be reserved. That
// is kept in the queue before it is begun, and so is done to the end: when payments or
// the inventory are away, when the caller is, and when this process ends meanwhile. An
// order that was accepted is given back only if it is certain that its product is not
// to be had; otherwise it waits.
//
// # Once
//
// Payments and inventory do for an order what they are asked once, and nothing more
// once it was given back. So in doubt they are asked again: after a crash between a
// charge and the note of it, and when an order is placed again. Placed again while it
// waits, an order is tried again, and answered as before if it still has to wait; with
// other contents it is refused; given back, it is closed.
//
// An order that is charged for at once is in the hands of its caller: if this process
// ends before it has answered, the caller has to place the order again, as with every
// call that ends so.
package orders
