// Package checkout is the act about orders: a product sells out, the inventory fails,
// payments are slow in a rush and then fail, and the service that takes orders is
// restarted meanwhile. No order is lost, and none is charged for twice: every one is
// held against the ledger and the store room.
package checkout
